pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Five levels of equal size, none chosen beforehand; skipping is as easy as rating.
BaseScreen {
    id: root

    primaryText: I18n.s.rate_send
    primaryEnabled: Rating.level > 0
    onPrimary: Rating.send()

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

        Grid {
            id: levels

            width: parent.width
            columns: root.landscape ? 5 : 1
            spacing: Theme.gap

            Repeater {
                model: [5, 4, 3, 2, 1]

                ChoiceRow {
                    required property int modelData

                    objectName: "level_" + modelData
                    width: (levels.width - (levels.columns - 1) * levels.spacing) / levels.columns
                    text: I18n.s["rate_level" + modelData]
                    chosen: Rating.level === modelData
                    onTapped: Rating.choose(modelData)
                }
            }
        }

        ActionButton {
            objectName: "skip"
            width: root.landscape ? implicitWidth : parent.width
            text: I18n.s.rate_skip
            onTapped: Rating.skip()
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
    }
}
