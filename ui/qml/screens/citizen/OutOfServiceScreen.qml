pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    Column {
        anchors {
            left: parent.left
            right: parent.right
            verticalCenter: parent.verticalCenter
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
            width: parent.width
            horizontalAlignment: Text.AlignHCenter
            text: I18n.s.out_text
            font.pixelSize: Theme.large
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
