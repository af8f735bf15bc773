pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// The same three actions at the same place on every screen: back, help, on. Words that take two lines make it higher.
Rectangle {
    id: root

    property string primaryText: ""
    property bool primaryEnabled: true
    property string primaryKind: "primary"
    signal primary

    implicitHeight: Math.max(Theme.target, back.implicitHeight, help.implicitHeight, on.implicitHeight) + Theme.mm(12)
    color: Theme.surface

    Rectangle {
        width: parent.width
        height: Theme.stroke
        color: Theme.line
    }

    Row {
        id: row

        readonly property real unit: Math.min(width, Theme.mm(260))

        anchors {
            fill: parent
            leftMargin: Theme.margin
            rightMargin: Theme.margin
            topMargin: Theme.mm(6)
            bottomMargin: Theme.mm(6)
        }
        spacing: Theme.gap
        layoutDirection: Qt.LeftToRight

        Item {
            width: Math.max(0, (row.width - row.unit) / 2 - Theme.gap)
            height: 1
        }

        ActionButton {
            id: back

            objectName: "back"
            width: row.unit * 0.26
            height: parent.height
            // Hidden, not absent: help stays at its place.
            enabled: App.canGoBack
            opacity: enabled ? 1 : 0
            text: I18n.s.app_back
            onTapped: App.back()
        }

        ActionButton {
            id: help

            objectName: "help"
            width: row.unit * 0.26
            height: parent.height
            text: I18n.s.app_help
            onTapped: App.help()
        }

        ActionButton {
            id: on

            objectName: "primary"
            width: row.unit * 0.48 - Theme.gap * 2
            height: parent.height
            kind: root.primaryKind
            visible: root.primaryText !== ""
            enabled: root.primaryEnabled
            text: root.primaryText
            onTapped: root.primary()
        }
    }
}
