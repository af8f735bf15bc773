pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    Txt {
        anchors.centerIn: parent
        text: I18n.s.ended_title
        font.pixelSize: Theme.display
        strong: true
    }
}
