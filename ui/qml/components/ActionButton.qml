pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// kind: primary (one a screen), secondary, quiet, danger, key (of a keypad).
Tappable {
    id: root

    property string kind: "secondary"
    property bool busy: false

    implicitHeight: Math.max(Theme.target, label.implicitHeight + Theme.mm(6))
    implicitWidth: label.implicitWidth + Theme.mm(14)
    opacity: enabled ? 1 : 0.6

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: {
            if (root.kind === "primary")
                return root.held ? Qt.darker(Theme.primary, 1.25) : Theme.primary;
            if (root.kind === "danger")
                return root.held ? Qt.darker(Theme.danger, 1.25) : Theme.danger;
            if (root.kind === "quiet")
                return root.held ? Qt.darker(Theme.primarySoft, 1.08) : Theme.primarySoft;
            return root.held ? root.kind === "key" ? Qt.darker(Theme.primarySoft, 1.2) : Theme.primarySoft : Theme.surface;
        }
        border {
            width: root.kind === "secondary" ? Theme.strongStroke : 0
            color: Theme.primary
        }
    }

    Txt {
        id: label

        anchors.centerIn: parent
        width: Math.min(implicitWidth, root.width - Theme.mm(4))
        horizontalAlignment: Text.AlignHCenter
        text: root.text
        strong: root.kind === "primary" || root.kind === "danger"
        font.pixelSize: root.kind === "quiet" ? Theme.body : Theme.large
        color: root.kind === "primary" || root.kind === "danger" ? Theme.surface : root.kind === "key" ? Theme.ink : Theme.primary
    }
}
