pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Window
import Bianmin
import "theme"
import "components"

// The frame: top bar, one screen, keyboard, bottom bar, and whatever must lie over them.
Window {
    id: window

    required property real pxPerMm

    color: Theme.canvas
    title: "Bianmin"

    Binding {
        target: Theme
        property: "pxPerMm"
        value: window.pxPerMm
    }

    // Every touch, wherever it lands, shows that somebody is there.
    PointHandler {
        onActiveChanged: App.touched()
    }

    TopBar {
        id: topBar

        anchors {
            left: parent.left
            right: parent.right
        }
        visible: App.inVisit
        height: visible ? implicitHeight : 0
    }

    Loader {
        id: loader

        readonly property string wanted: App.screen
        readonly property BaseScreen current: item as BaseScreen

        anchors {
            top: topBar.bottom
            left: parent.left
            right: parent.right
            bottom: keyboard.top
        }
        objectName: "screen"
        source: "screens/" + (wanted === "Staff" ? "staff/" : "citizen/") + wanted + "Screen.qml"
    }

    Keyboard {
        id: keyboard

        anchors {
            left: parent.left
            right: parent.right
            bottom: bottomBar.top
        }
        height: implicitHeight
    }

    BottomBar {
        id: bottomBar

        anchors {
            left: parent.left
            right: parent.right
            bottom: parent.bottom
        }
        primaryText: loader.current ? loader.current.primaryText : ""
        primaryEnabled: loader.current ? loader.current.primaryEnabled : false
        primaryKind: loader.current ? loader.current.primaryKind : "primary"
        onPrimary: {
            Qt.inputMethod.commit();
            if (loader.current)
                loader.current.primary();
        }
    }

    // Only another place closes the keyboard: news of a device or of the network must not, while somebody types.
    readonly property string place: App.screen + "/" + App.step
    onPlaceChanged: Qt.inputMethod.hide()

    Ask {
        anchors.fill: parent
        visible: App.dialog === "end"
        title: I18n.s.dialog_end_title
        text: I18n.s.dialog_end_text
        yes: I18n.s.dialog_end_yes
        yesKind: "danger"
        no: I18n.s.dialog_end_no
        onAccepted: App.end()
        onRejected: App.closeDialog()
    }

    Ask {
        anchors.fill: parent
        visible: App.dialog === "help"
        title: App.helpTitle
        text: App.helpText
        yes: App.helpEnd
        onAccepted: App.closeDialog()
    }

    Ask {
        anchors.fill: parent
        visible: App.dialog === "idle"
        title: I18n.s.dialog_idle_title
        text: I18n.s.dialog_idle_text
        yes: I18n.s.dialog_idle_yes
        onAccepted: App.closeDialog()
    }

    TouchGuard {
        anchors.fill: parent
    }
}
