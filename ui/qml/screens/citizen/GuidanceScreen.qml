pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    id: root

    primaryText: I18n.s.guidance_start
    onPrimary: Guidance.start()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }

        Txt {
            width: parent.width
            text: App.title
            font.pixelSize: Theme.title
            strong: true
        }

        Repeater {
            model: Guidance.rows

            Panel {
                id: row

                required property var modelData

                width: parent.width
                height: text.implicitHeight + Theme.mm(8)

                Column {
                    id: text

                    anchors {
                        left: parent.left
                        right: parent.right
                        verticalCenter: parent.verticalCenter
                        margins: Theme.mm(5)
                    }

                    Txt {
                        width: parent.width
                        text: row.modelData.label
                        color: Theme.muted
                        font.pixelSize: Theme.small
                    }

                    Txt {
                        width: parent.width
                        text: row.modelData.text
                    }
                }
            }
        }
    }
}
