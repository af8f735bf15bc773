pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Nothing is left behind: neither in the terminal nor on it.
BaseScreen {
    id: root

    readonly property bool clear: !Outcome.cardThere && !Outcome.paperWaiting

    primaryText: I18n.s.goodbye_leave
    onPrimary: Outcome.leave()

    // Everything taken: the visit ends by itself. Something left: it waits, and the idle limit ends it.
    Timer {
        interval: 4000
        running: root.clear
        onTriggered: Outcome.leave()
    }

    Column {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
            margins: Theme.margin
        }
        spacing: Theme.mm(8)

        Txt {
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: I18n.s.goodbye_title
            font.pixelSize: Theme.display
            strong: true
        }

        Notice {
            width: parent.width
            tone: "danger"
            large: true
            text: Outcome.cardThere ? I18n.s.goodbye_card : ""
        }

        Notice {
            width: parent.width
            tone: "danger"
            large: true
            text: Outcome.paperWaiting ? I18n.s.goodbye_paper : ""
        }

        Txt {
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            visible: root.clear
            text: I18n.s.goodbye_things
            font.pixelSize: Theme.large
        }

        Txt {
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: I18n.s.goodbye_wiped
            color: Theme.muted
        }
    }
}
