pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    id: root

    primaryText: I18n.s.app_next
    primaryEnabled: Sign.valid
    onPrimary: Sign.proceed()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(5)

        Txt {
            text: App.progressText
            color: Theme.muted
        }

        Txt {
            width: parent.width
            text: I18n.s.sign_title
            font.pixelSize: Theme.title
            strong: true
        }

        Txt {
            width: parent.width
            text: Sign.declaration
            font.pixelSize: Theme.large
        }

        Txt {
            width: parent.width
            text: I18n.s.sign_note
            color: Theme.muted
        }

        Flow {
            width: parent.width
            spacing: Theme.gap

            SignPad {
                id: pad

                objectName: "pad"
                height: Math.min(Math.min(parent.width, Theme.mm(250)) * 0.42, root.height * (root.landscape ? 0.4 : 0.5))
                width: height / 0.42
                strokes: Sign.strokes
                onSigned: strokes => Sign.sign(strokes, width / height)
            }

            ActionButton {
                objectName: "sign_clear"
                text: I18n.s.sign_clear
                enabled: !pad.empty
                onTapped: pad.clear()
            }
        }
    }
}
