pragma ComponentBehavior: Bound
import QtQuick
import "../theme"

// A sentence that must be seen. tone: plain, warning, danger, success.
Rectangle {
    id: root

    property string text: ""
    property string tone: "warning"
    property bool large: false
    property string picture: ""

    implicitHeight: Math.max(words.implicitHeight, root.picture === "" ? 0 : shown.height) + Theme.mm(6)
    visible: text !== ""
    radius: Theme.radius
    color: tone === "plain" ? Theme.primarySoft : tone === "danger" ? Theme.dangerSoft : tone === "success" ? "#E4F4EE" : Theme.warningSoft

    Image {
        id: shown

        anchors {
            left: parent.left
            leftMargin: Theme.mm(4)
            verticalCenter: parent.verticalCenter
        }
        visible: root.picture !== ""
        width: Theme.mm(16)
        height: width
        sourceSize: Qt.size(width, height)
        source: root.picture
    }

    Txt {
        id: words

        objectName: "notice"
        anchors {
            left: root.picture === "" ? parent.left : shown.right
            right: parent.right
            verticalCenter: parent.verticalCenter
            margins: Theme.mm(4)
        }
        text: root.text
        font.pixelSize: root.large ? Theme.large : Theme.body
        horizontalAlignment: root.large ? Text.AlignHCenter : Text.AlignLeft
        color: root.tone === "plain" ? Theme.primary : root.tone === "danger" ? Theme.danger : root.tone === "success" ? Theme.success : Theme.warning
    }
}
