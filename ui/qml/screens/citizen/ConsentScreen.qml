pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    primaryText: I18n.s.consent_agree
    onPrimary: Guidance.consent()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(7)

        Txt {
            width: parent.width
            text: I18n.s.consent_title
            font.pixelSize: Theme.title
            strong: true
        }

        Repeater {
            model: ["consent_what", "consent_papers", "consent_sealed", "consent_leave"]

            Row {
                id: point

                required property string modelData
                required property int index

                width: parent.width
                spacing: Theme.mm(4)

                Rectangle {
                    id: number

                    width: Theme.large * 1.6
                    height: width
                    radius: width / 2
                    color: Theme.primarySoft

                    Txt {
                        anchors.centerIn: parent
                        text: point.index + 1
                        color: Theme.primary
                        strong: true
                    }
                }

                Txt {
                    y: lineCount > 1 ? 0 : (number.height - height) / 2
                    width: parent.width - Theme.large * 1.6 - parent.spacing
                    text: I18n.s[point.modelData]
                    font.pixelSize: Theme.large
                }
            }
        }

        Notice {
            width: parent.width
            text: I18n.s.consent_withdraw
        }
    }
}
