pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// What would you like to do? Search, departments, services, language, large print.
BaseScreen {
    id: root

    primaryText: I18n.s.home_lookup
    primaryKind: "secondary"
    onPrimary: Home.lookUp()

    HallHead {
        id: head

        width: parent.width
        landscape: root.landscape
    }

    Paged {
        anchors {
            top: head.bottom
            bottom: parent.bottom
            left: parent.left
            right: parent.right
            margins: Theme.margin
        }

        LanguageBar {
            visible: !root.landscape
        }

        Repeater {
            model: Home.notices

            Notice {
                required property string modelData

                width: grid.width
                text: modelData
                tone: "plain"
            }
        }

        Row {
            width: parent.width
            spacing: Theme.gap

            Entry {
                id: search

                width: parent.width - (clear.visible ? clear.width + Theme.gap : 0)
                label: I18n.s.home_question
                placeholder: I18n.s.home_placeholder
                name: "search"
                maximumLength: 40
                onEdited: text => Home.search(text)
            }

            ActionButton {
                id: clear

                anchors.bottom: parent.bottom
                height: Theme.target
                objectName: "search_clear"
                visible: Home.query !== ""
                text: I18n.s.home_clear
                onTapped: {
                    search.field.clear();
                    Home.search("");
                }
            }
        }

        Flow {
            width: parent.width
            spacing: Theme.gap

            Repeater {
                model: Home.departments

                ActionButton {
                    required property var modelData

                    objectName: "department_" + modelData.key
                    height: Theme.target
                    kind: modelData.chosen ? "primary" : "quiet"
                    text: modelData.label
                    onTapped: Home.filterBy(modelData.key)
                }
            }
        }

        Txt {
            text: Home.query === "" ? I18n.s.home_services : I18n.s.home_results
            font.pixelSize: Theme.large
            strong: true
        }

        Grid {
            id: grid

            width: parent.width
            columns: Theme.elder && !root.landscape ? 1 : root.landscape && !Theme.elder ? 3 : 2
            spacing: Theme.gap

            Repeater {
                model: Home.services

                ServiceTile {
                    width: (grid.width - (grid.columns - 1) * grid.spacing) / grid.columns
                }
            }
        }

        Txt {
            width: parent.width
            visible: Home.services.length === 0
            text: I18n.s.home_none
        }

        Repeater {
            model: App.notices

            Notice {
                required property string modelData

                width: grid.width
                text: modelData
            }
        }
    }
}
