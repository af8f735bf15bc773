pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// Where this is, and the clock; lying, the screen has no height to spare: the switches go up here.
Rectangle {
    id: root

    property bool landscape: false

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
