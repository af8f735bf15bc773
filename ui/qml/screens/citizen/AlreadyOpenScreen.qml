pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    primaryText: I18n.s.already_leave
    onPrimary: OpenCase.leave()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(8)

        Txt {
            width: parent.width
            text: I18n.s.already_title
            font.pixelSize: Theme.title
            strong: true
        }

        Notice {
            width: parent.width
            text: OpenCase.sent ? I18n.s.already_sent : I18n.s.already_queued
        }

        Txt {
            objectName: "open_receipt"
            width: parent.width
            text: I18n.s.already_number + "  " + OpenCase.receipt
            font.pixelSize: Theme.large
        }

        ActionButton {
            objectName: "anew"
            width: parent.width
            text: I18n.s.already_anew
            onTapped: OpenCase.anew()
        }
    }
}
