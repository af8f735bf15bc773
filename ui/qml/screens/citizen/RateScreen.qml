pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Five levels of equal size, none chosen beforehand; skipping is as easy as rating.
BaseScreen {
    id: root

    primaryText: Rating.level > 0 ? I18n.s.rate_send : I18n.s.rate_skip
    primaryKind: Rating.level > 0 ? "primary" : "secondary"
    onPrimary: Rating.level > 0 ? Rating.send() : Rating.skip()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }

        Txt {
            width: parent.width
            text: I18n.s.rate_title
            font.pixelSize: Theme.title
            strong: true
        }

        Txt {
            width: parent.width
            text: I18n.s.rate_note
            color: Theme.muted
        }

        Repeater {
            model: [5, 4, 3, 2, 1]

            ChoiceRow {
                required property int modelData

                objectName: "level_" + modelData
                width: parent.width
                text: I18n.s["rate_level" + modelData]
                chosen: Rating.level === modelData
                onTapped: Rating.choose(modelData)
            }
        }

        Txt {
            width: parent.width
            visible: Rating.level > 0
            text: I18n.s.rate_why
            strong: true
        }

        Flow {
            width: parent.width
            visible: Rating.level > 0
            spacing: Theme.gap

            Repeater {
                model: Rating.reasons

                ActionButton {
                    required property var modelData

                    objectName: "reason_" + modelData.key
                    kind: modelData.chosen ? "primary" : "quiet"
                    text: modelData.label
                    onTapped: Rating.toggle(modelData.key)
                }
            }
        }

        ActionButton {
            objectName: "skip"
            visible: Rating.level > 0
            width: parent.width
            text: I18n.s.rate_skip
            onTapped: Rating.skip()
        }
    }
}
