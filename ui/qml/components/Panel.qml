pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

Rectangle {
    color: Theme.surface
    radius: Theme.radius
    border {
        width: Theme.stroke
        color: Theme.line
    }
}
