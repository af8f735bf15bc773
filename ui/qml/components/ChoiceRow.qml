pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// One of several answers; the ring says that only one can be chosen.
Tappable {
    id: root

    property string hint: ""
    property bool chosen: false

    implicitHeight: Math.max(Theme.target * 1.15, words.implicitHeight + Theme.mm(7))
    Accessible.role: Accessible.RadioButton
    Accessible.checked: chosen

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: root.chosen || root.held ? Theme.primarySoft : Theme.surface
        border {
            width: root.chosen ? Theme.strongStroke : Theme.stroke
            color: root.chosen ? Theme.primary : Theme.line
        }
    }

    Rectangle {
        id: ring

        anchors {
            left: parent.left
            leftMargin: Theme.mm(5)
            verticalCenter: parent.verticalCenter
        }
        width: Theme.mm(8)
        height: width
        radius: width / 2
        color: Theme.surface
        border {
            width: Theme.strongStroke
            color: root.chosen ? Theme.primary : Theme.muted
        }

        Rectangle {
            anchors.centerIn: parent
            visible: root.chosen
            width: parent.width * 0.56
            height: width
            radius: width / 2
            color: Theme.primary
        }
    }

    Column {
        id: words

        anchors {
            left: ring.right
            leftMargin: Theme.mm(5)
            right: parent.right
            rightMargin: Theme.mm(4)
            verticalCenter: parent.verticalCenter
        }

        Txt {
            width: parent.width
            text: root.text
            font.pixelSize: Theme.large
        }

        Txt {
            width: parent.width
            visible: root.hint !== ""
            text: root.hint
            color: Theme.muted
            font.pixelSize: Theme.small
        }
    }
}
