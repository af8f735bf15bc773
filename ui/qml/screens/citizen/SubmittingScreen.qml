pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

BaseScreen {
    Txt {
        anchors.centerIn: parent
        text: I18n.s.submitting_title
        font.pixelSize: Theme.title
        strong: true
    }
}
