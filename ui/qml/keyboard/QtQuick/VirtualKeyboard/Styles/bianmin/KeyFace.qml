import QtQuick
import QtQuick.VirtualKeyboard.Styles
import "../../../../../theme"

// How one key looks: letters on white, the keys that act on a tint, so that they are told apart without colour too.
KeyPanel {
    id: root

    property string label: control ? control.displayText : ""
    property bool acts: false
    readonly property bool down: control ? control.pressed : false

    Rectangle {
        anchors {
            fill: parent
            margins: Theme.mm(0.9)
        }
        radius: Theme.mm(2)
        color: root.down ? Qt.darker(Theme.primarySoft, 1.2) : root.acts ? Theme.primarySoft : Theme.surface
        opacity: root.control && root.control.enabled ? 1 : 0.5
        border {
            width: Theme.stroke
            color: Theme.line
        }

        Text {
            anchors.centerIn: parent
            width: Math.min(implicitWidth, parent.width - Theme.mm(2))
            horizontalAlignment: Text.AlignHCenter
            elide: Text.ElideRight
            text: root.control && root.control.uppercased ? root.label.toUpperCase() : root.label
            color: root.acts ? Theme.primary : Theme.ink
            font.pixelSize: root.acts ? Theme.body : Theme.large
        }
    }
}
