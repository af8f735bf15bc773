pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// What goes on above or below fades out, so that no line of text looks cut off.
Rectangle {
    id: root

    property bool up: false
    readonly property color clear: Qt.rgba(Theme.canvas.r, Theme.canvas.g, Theme.canvas.b, 0)

    height: Theme.mm(9)
    gradient: Gradient {
        GradientStop {
            position: root.up ? 0.15 : 0
            color: root.up ? Theme.canvas : root.clear
        }

        GradientStop {
            position: root.up ? 1 : 0.85
            color: root.up ? root.clear : Theme.canvas
        }
    }
}
