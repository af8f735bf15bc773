pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// The camera's picture with the corners of what is seen in it; flash() when it was taken.
Item {
    id: root

    property bool good: false

    function flash() {
        fade.restart();
    }

    Rectangle {
        anchors.fill: parent
        radius: Theme.radius
        color: Theme.ink
    }

    CameraPreview {
        id: preview

        objectName: "preview"
        anchors.fill: parent
        source: Live
    }

    Repeater {
        model: Live.corners

        Rectangle {
            required property var modelData

            x: preview.pictureRect.x + modelData.x * preview.pictureRect.width - width / 2
            y: preview.pictureRect.y + modelData.y * preview.pictureRect.height - height / 2
            width: Theme.mm(5)
            height: width
            radius: width / 2
            color: root.good ? Theme.success : Theme.focus
            border {
                width: Theme.strongStroke
                color: Theme.surface
            }
        }
    }

    Rectangle {
        objectName: "flash"
        anchors.fill: parent
        color: Theme.surface
        opacity: 0

        NumberAnimation on opacity {
            id: fade

            running: false
            from: 0.8
            to: 0
            duration: 350
        }
    }
}
