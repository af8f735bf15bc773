pragma ComponentBehavior: Bound
import QtQuick

// What every screen tells the frame: its main action, and whether it can be done now.
Item {
    property string primaryText: ""
    property bool primaryEnabled: true
    property string primaryKind: "primary"
    property bool landscape: width > height
    signal primary
}
