pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// One question, or one tight group.
BaseScreen {
    id: root

    primaryText: I18n.s.app_next
    onPrimary: Question.proceed()

    Paged {
        id: paged

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
            objectName: "question"
            width: parent.width
            text: Question.title
            font.pixelSize: Theme.title
            strong: true
        }

        Txt {
            width: parent.width
            visible: text !== ""
            text: Question.intro
            color: Theme.muted
        }

        Repeater {
            model: Question.fields

            FieldView {
                width: parent.width
                alone: Question.fields.length === 1
                onShown: item => paged.show(item)
            }
        }
    }
}
