pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// One service; one that the hardware cannot finish says so and is not entered.
Tappable {
    id: root

    required property var modelData

    objectName: "service_" + modelData.id
    text: modelData.title
    enabled: modelData.available
    onTapped: Home.choose(modelData.id)
    height: Math.max(Theme.mm(34), words.implicitHeight + Theme.mm(10))

    Panel {
        anchors.fill: parent
        color: root.held ? Theme.primarySoft : Theme.surface
    }

    Rectangle {
        id: badge

        anchors {
            left: parent.left
            leftMargin: Theme.mm(4)
            verticalCenter: parent.verticalCenter
        }
        width: Theme.mm(15)
        height: width
        radius: Theme.radius
        color: Theme.primarySoft

        Txt {
            anchors.centerIn: parent
            text: root.modelData.glyph
            color: Theme.primary
            font.pixelSize: Theme.mm(9)
            strong: true
        }
    }

    Column {
        id: words

        anchors {
            left: badge.right
            leftMargin: Theme.mm(4)
            right: parent.right
            rightMargin: Theme.mm(3)
            verticalCenter: parent.verticalCenter
        }
        opacity: root.enabled ? 1 : 0.7

        Txt {
            width: parent.width
            text: root.modelData.title
            font.pixelSize: Theme.large
            strong: true
        }

        Txt {
            width: parent.width
            text: root.enabled ? root.modelData.line : root.modelData.reason
            color: root.enabled ? Theme.muted : Theme.danger
            font.pixelSize: Theme.small
        }
    }
}
