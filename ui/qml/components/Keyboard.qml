pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.VirtualKeyboard
import QtQuick.VirtualKeyboard.Settings
import Bianmin
import "../theme"

// What the focused field is filled from: Qt's keyboard with pinyin, or our number pad. The keyboard's home lies in
// memory and dies with the worker.
Item {
    id: root

    readonly property PaddedField field: Window.activeFocusItem as PaddedField
    readonly property string pad: field ? field.pad : ""
    readonly property bool shown: panel.active && field !== null && field.visible

    implicitHeight: !shown ? 0 : pad !== "" ? numbers.implicitHeight : panel.height

    Rectangle {
        anchors.fill: parent
        color: Theme.line
    }

    InputPanel {
        id: panel

        objectName: "keyboard"
        width: Math.min(root.width, Theme.mm(330))
        anchors.horizontalCenter: parent.horizontalCenter
        visible: root.shown && root.pad === ""
    }

    NumberPad {
        id: numbers

        anchors.fill: parent
        visible: root.shown && root.pad !== ""
        withX: root.pad === "identity"
        onPressed: (key, text) => InputContext.sendKeyClick(key, text)
        onDone: Qt.inputMethod.hide()
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
