pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

Item {
    id: root

    required property var modelData
    required property int index

    height: Math.max(Theme.target + Theme.mm(3), words.implicitHeight + Theme.mm(6))

    Rectangle {
        visible: root.index > 0
        width: parent.width
        height: Theme.stroke
        color: Theme.line
    }

    Column {
        id: words

        anchors {
            left: parent.left
            leftMargin: Theme.mm(3)
            right: change.left
            rightMargin: Theme.gap
            verticalCenter: parent.verticalCenter
        }

        Txt {
            width: parent.width
            text: root.modelData.label
            color: Theme.muted
            font.pixelSize: Theme.small
        }

        Txt {
            width: parent.width
            text: root.modelData.value === "" ? "—" : root.modelData.value
            wrapMode: Text.WrapAnywhere
        }
    }

    ActionButton {
        id: change

        anchors {
            right: parent.right
            verticalCenter: parent.verticalCenter
        }
        objectName: "change_" + root.modelData.index
        kind: "quiet"
        height: Theme.target
        width: visible ? implicitWidth : 0
        visible: root.modelData.index >= 0
        text: I18n.s.review_change
        onTapped: Review.change(root.modelData.index)
    }
}
