pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.VirtualKeyboard
import QtQuick.VirtualKeyboard.Settings
import Bianmin
import "../theme"

// Qt's on-screen keyboard with pinyin. Its home lies in memory and dies with the worker.
Item {
    id: root

    readonly property bool shown: panel.active
    implicitHeight: shown ? panel.height : 0

    Rectangle {
        anchors.fill: parent
        visible: root.shown
        color: "#20303F"
    }

    InputPanel {
        id: panel

        objectName: "keyboard"
        width: Math.min(root.width, Theme.mm(330))
        anchors.horizontalCenter: parent.horizontalCenter
        visible: active
    }

    Binding {
        target: VirtualKeyboardSettings
        property: "activeLocales"
        value: ["zh_CN", "en_US"]
    }

    Binding {
        target: VirtualKeyboardSettings
        property: "locale"
        value: App.language === "zh" ? "zh_CN" : "en_US"
    }
}
