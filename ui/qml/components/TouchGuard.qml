pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Window

// A visit is a process: the next one's window takes the place of the last one's under the same finger. The second tap
// of a shaking hand on the last button is not the first touch of the next citizen, so a press so soon does nothing, to
// its release. Covers everything; gone for good once the window has been seen for as long as that.
MouseArea {
    id: root

    property int settles: 400
    property bool settled: false

    objectName: "touch_guard"
    visible: !settled || pressed

    Connections {
        target: root.Window.window
        enabled: !root.settled && !settling.running

        function onFrameSwapped() {
            settling.start();
        }
    }

    Timer {
        id: settling

        interval: root.settles
        onTriggered: root.settled = true
    }
}
