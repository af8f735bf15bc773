pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../theme"

// Where am I, whose visit is it, how do I end it.
Rectangle {
    id: root

    implicitHeight: Theme.target + Theme.mm(5)
    color: Theme.surface

    Txt {
        anchors {
            left: parent.left
            right: who.left
            leftMargin: Theme.margin
            rightMargin: Theme.gap
            verticalCenter: parent.verticalCenter
        }
        objectName: "bar_title"
        text: App.title
        strong: true
        maximumLineCount: 1
        elide: Text.ElideRight
    }

    Txt {
        id: who

        anchors {
            right: end.left
            rightMargin: Theme.gap
            verticalCenter: parent.verticalCenter
        }
        text: App.person
        color: Theme.muted
    }

    ActionButton {
        id: end

        anchors {
            right: parent.right
            rightMargin: Theme.margin
            verticalCenter: parent.verticalCenter
        }
        objectName: "end"
        kind: "quiet"
        visible: App.canEnd
        width: visible ? implicitWidth : 0
        text: I18n.s.app_end
        onTapped: App.askEnd()
    }

    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.mm(1.6)
        color: Theme.primarySoft

        Rectangle {
            height: parent.height
            width: parent.width * App.progress
            color: Theme.primary
        }
    }
}
