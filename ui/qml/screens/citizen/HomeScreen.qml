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

    Rectangle {
        id: head

        width: parent.width
        height: Math.max(titles.implicitHeight, Theme.target) + Theme.mm(10)
        color: Theme.primary

        Column {
            id: titles

            anchors {
                left: parent.left
                leftMargin: Theme.margin
                right: root.landscape ? languages.left : clock.left
                rightMargin: Theme.gap
                verticalCenter: parent.verticalCenter
            }

            Txt {
                width: parent.width
                text: I18n.s.app_name
                color: Theme.surface
                font.pixelSize: Theme.title
                strong: true
            }

            Txt {
                width: parent.width
                text: App.place
                color: Theme.surface
            }
        }

        // Lying, the screen has no height to spare: the switches go up here.
        LanguageBar {
            id: languages

            anchors {
                right: clock.left
                rightMargin: Theme.margin
                verticalCenter: parent.verticalCenter
            }
            visible: root.landscape
        }

        Tappable {
            id: clock

            anchors {
                right: parent.right
                rightMargin: Theme.margin
                verticalCenter: parent.verticalCenter
            }
            objectName: "clock"
            width: time.implicitWidth
            height: Theme.target
            activeFocusOnTab: false
            text: App.clock
            onTapped: App.tapClock()

            Txt {
                id: time

                anchors.centerIn: parent
                text: App.clock
                color: Theme.surface
                font.pixelSize: Theme.display
            }
        }
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
