pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// Digits, and the X that may end an identity number. Qt's own number layouts have no X.
Rectangle {
    id: root

    property bool withX: false
    signal pressed(int key, string text)
    signal done

    implicitHeight: keys.height + 2 * Theme.gap
    color: Theme.line

    Row {
        id: keys

        readonly property real column: (Math.min(root.width, Theme.mm(190)) - 2 * Theme.margin - 3 * spacing) / 4

        anchors.centerIn: parent
        spacing: Theme.mm(3)

        Grid {
            columns: 3
            spacing: keys.spacing

            Repeater {
                model: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "X", "0"]

                ActionButton {
                    required property string modelData

                    objectName: "pad_" + modelData
                    width: keys.column
                    height: Theme.target
                    kind: "key"
                    repeatAfter: 120
                    // Hidden, not absent: the 0 stays in the middle.
                    opacity: enabled ? 1 : 0
                    enabled: modelData !== "X" || root.withX
                    text: modelData
                    onTapped: root.pressed(modelData === "X" ? Qt.Key_X : Qt.Key_0 + Number(modelData), modelData)
                }
            }
        }

        Column {
            spacing: keys.spacing

            ActionButton {
                objectName: "pad_delete"
                width: keys.column
                height: Theme.target
                kind: "key"
                repeatAfter: 120
                text: I18n.s.pad_delete
                onTapped: root.pressed(Qt.Key_Backspace, "")
            }

            ActionButton {
                objectName: "pad_done"
                width: keys.column
                height: Theme.target * 3 + keys.spacing * 2
                kind: "quiet"
                text: I18n.s.pad_done
                onTapped: root.done()
            }
        }
    }
}
