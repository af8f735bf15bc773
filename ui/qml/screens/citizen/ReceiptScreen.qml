pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Stored. The number, the code, what happens next; never more than is true.
BaseScreen {
    id: root

    primaryText: I18n.s.receipt_done
    onPrimary: Outcome.rate()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(5)

        Rectangle {
            width: parent.width
            height: headline.implicitHeight + Theme.mm(14)
            radius: Theme.radius
            color: Outcome.online ? "#E4F4EE" : Theme.warningSoft

            Column {
                id: headline

                anchors {
                    left: parent.left
                    right: parent.right
                    verticalCenter: parent.verticalCenter
                    margins: Theme.mm(5)
                }
                spacing: Theme.mm(3)

                Txt {
                    objectName: "headline"
                    width: parent.width
                    horizontalAlignment: Text.AlignHCenter
                    text: Outcome.headline
                    color: Outcome.online ? Theme.success : Theme.warning
                    font.pixelSize: Theme.title
                    strong: true
                }

                Txt {
                    width: parent.width
                    horizontalAlignment: Text.AlignHCenter
                    text: I18n.s.receipt_number
                    color: Theme.muted
                }

                Txt {
                    objectName: "receipt_number"
                    width: parent.width
                    horizontalAlignment: Text.AlignHCenter
                    text: Outcome.receipt
                    font.pixelSize: Theme.title
                }

                Txt {
                    width: parent.width
                    horizontalAlignment: Text.AlignHCenter
                    text: I18n.s.receipt_accept
                    color: Theme.warning
                }
            }
        }

        Panel {
            width: parent.width
            height: Math.max(qr.height, beside.implicitHeight) + Theme.mm(10)

            Image {
                id: qr

                anchors {
                    left: parent.left
                    leftMargin: Theme.mm(5)
                    verticalCenter: parent.verticalCenter
                }
                objectName: "qr"
                width: Theme.mm(58)
                height: width
                smooth: false
                cache: false
                sourceSize: Qt.size(width, height)
                source: Outcome.code === "" ? "" : "image://qr/" + Outcome.code
                Accessible.name: I18n.s.receipt_code
            }

            Column {
                id: beside

                anchors {
                    left: qr.right
                    leftMargin: Theme.mm(6)
                    right: parent.right
                    rightMargin: Theme.mm(5)
                    verticalCenter: parent.verticalCenter
                }
                spacing: Theme.mm(4)

                Txt {
                    objectName: "paper"
                    width: parent.width
                    text: Outcome.paper
                    strong: true
                }

                Txt {
                    width: parent.width
                    text: I18n.s.receipt_code
                    color: Theme.muted
                }

                ActionButton {
                    objectName: "reprint"
                    visible: Outcome.canReprint
                    kind: "quiet"
                    text: I18n.s.receipt_reprint
                    onTapped: Outcome.reprint()
                }
            }
        }

        Txt {
            text: I18n.s.receipt_next
            font.pixelSize: Theme.large
            strong: true
        }

        Repeater {
            model: Outcome.nextSteps

            Txt {
                required property string modelData
                required property int index

                width: parent.width
                text: (index + 1) + ". " + modelData
            }
        }
    }
}
