pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Nothing can be begun here. What needs nothing new goes on: looking up a case, calling for help, the staff's page.
BaseScreen {
    id: root

    primaryText: App.canLookUp ? I18n.s.home_lookup : ""
    primaryKind: "secondary"
    onPrimary: Home.lookUp()

    HallHead {
        id: head

        width: parent.width
        landscape: root.landscape
    }

    LanguageBar {
        anchors {
            top: head.bottom
            left: parent.left
            margins: Theme.margin
        }
        visible: !root.landscape
    }

    Column {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
            verticalCenterOffset: head.height / 2
            margins: Theme.margin
        }
        spacing: Theme.mm(8)

        Txt {
            objectName: "out_title"
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: I18n.s.out_title
            font.pixelSize: Theme.display
            strong: true
        }

        Txt {
            objectName: "out_text"
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: App.outReason
            font.pixelSize: Theme.large
        }

        Txt {
            width: parent.width
            visible: App.canLookUp
            horizontalAlignment: Text.AlignHCenter
            text: I18n.s.out_goes_on
        }

        Txt {
            objectName: "out_reason"
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: I18n.s.out_staff + App.trouble
            color: Theme.muted
        }
    }
}
