pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// One thing that staff do: its number, a picture, a sentence.
Row {
    id: root

    required property var modelData

    spacing: Theme.mm(4)

    Txt {
        anchors.verticalCenter: parent.verticalCenter
        text: root.modelData.number + "."
        strong: true
    }

    Image {
        width: Theme.mm(14)
        height: width
        sourceSize: Qt.size(width, height)
        source: App.pictures + "steps/" + root.modelData.picture + ".svg"
    }

    Txt {
        anchors.verticalCenter: parent.verticalCenter
        width: root.width - x
        text: root.modelData.text
    }
}
