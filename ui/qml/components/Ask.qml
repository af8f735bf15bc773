pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// A dialog over everything. It covers the screen so that nothing of a person can be read meanwhile.
Rectangle {
    id: root

    property string title: ""
    property string text: ""
    property string yes: ""
    property string no: ""
    property string yesKind: "primary"
    signal accepted
    signal rejected

    color: "#142030"

    MouseArea {
        anchors.fill: parent
    }

    Panel {
        anchors.centerIn: parent
        width: Math.min(parent.width - 2 * Theme.margin, Theme.mm(230))
        height: inside.height + Theme.mm(20)

        Column {
            id: inside

            anchors {
                left: parent.left
                right: parent.right
                top: parent.top
                margins: Theme.mm(10)
            }
            spacing: Theme.mm(7)

            Txt {
                objectName: "dialog_title"
                width: parent.width
                text: root.title
                font.pixelSize: Theme.title
                strong: true
            }

            Txt {
                objectName: "dialog_text"
                width: parent.width
                text: root.text
                font.pixelSize: Theme.large
            }

            ActionButton {
                objectName: "dialog_yes"
                width: parent.width
                kind: root.yesKind
                text: root.yes
                onTapped: root.accepted()
            }

            ActionButton {
                objectName: "dialog_no"
                width: parent.width
                visible: root.no !== ""
                text: root.no
                onTapped: root.rejected()
            }
        }
    }
}
