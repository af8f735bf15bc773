pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    id: root

    primaryText: I18n.s.review_submit
    onPrimary: Review.submit()

    Timer {
        interval: 10000
        running: Review.revealed
        onTriggered: Review.hide()
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(4)

        Txt {
            width: parent.width
            text: I18n.s.review_title
            font.pixelSize: Theme.title
            strong: true
        }

        Txt {
            width: parent.width
            text: I18n.s.review_note
            color: Theme.muted
        }

        Notice {
            width: parent.width
            tone: "danger"
            text: Review.trouble
        }

        ActionButton {
            objectName: "reveal"
            kind: "quiet"
            text: Review.revealed ? I18n.s.review_hide : I18n.s.review_reveal
            onTapped: Review.toggleReveal()
        }

        Image {
            objectName: "portrait"
            visible: Review.portrait !== ""
            source: Review.portrait
            cache: false
            width: Theme.mm(26)
            height: Theme.mm(32)
            fillMode: Image.PreserveAspectFit
        }

        Panel {
            width: parent.width
            height: rows.height + Theme.mm(4)

            Column {
                id: rows

                anchors {
                    left: parent.left
                    right: parent.right
                    top: parent.top
                    margins: Theme.mm(2)
                }

                Repeater {
                    model: Review.rows

                    ReviewRow {
                        width: rows.width
                    }
                }
            }
        }
    }
}
