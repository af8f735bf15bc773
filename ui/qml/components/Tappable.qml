pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// Acts on release; sliding off cancels; a second tap within repeatAfter ms (a shaking hand) does nothing.
Item {
    id: root

    property bool held: area.pressed && area.containsMouse
    property string text: ""
    property int repeatAfter: 300
    signal tapped

    activeFocusOnTab: true
    Accessible.role: Accessible.Button
    Accessible.name: root.text
    Accessible.onPressAction: root.tapped()
    Keys.onReturnPressed: root.tapped()
    Keys.onSpacePressed: root.tapped()

    MouseArea {
        id: area

        property real last: 0

        anchors.fill: parent
        onClicked: {
            const now = Date.now();
            if (now - last >= root.repeatAfter) {
                last = now;
                root.tapped();
            }
        }
    }

    Rectangle {
        anchors {
            fill: parent
            margins: -Theme.strongStroke * 2
        }
        visible: root.activeFocus
        color: "transparent"
        radius: Theme.radius
        border {
            width: Theme.strongStroke * 2
            color: Theme.focus
        }
    }
}
