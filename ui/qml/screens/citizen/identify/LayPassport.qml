pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../../theme"
import "../../../components"

// Lay the passport under the document camera.
Paged {
    id: root

    required property bool landscape

    spacing: Theme.mm(6)

    Txt {
        width: parent.width
        text: I18n.s.passport_title
        font.pixelSize: Theme.title
        strong: true
    }

    Notice {
        width: parent.width
        tone: "plain"
        text: Passport.message
        picture: Passport.picture === "" ? "" : App.pictures + "hints/" + Passport.picture + ".svg"
    }

    LiveView {
        width: root.landscape ? Math.min(parent.width, Theme.mm(160)) : parent.width
        height: width * 0.5625
        good: true
    }

    ActionButton {
        objectName: "use_card_instead"
        text: I18n.s.identify_use_card
        onTapped: Identify.useCard()
    }
}
