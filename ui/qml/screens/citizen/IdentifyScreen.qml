pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"
import "identify"

// Lay the card down; after two reads that failed, or without a reader, type instead.
BaseScreen {
    id: root

    readonly property bool passport: Passport.scanning || Passport.confirming

    primaryText: Passport.confirming ? I18n.s.passport_right : Identify.typing ? I18n.s.identify_continue : Identify.mayType && !passport ? I18n.s.identify_type : ""
    primaryKind: Identify.typing || Passport.confirming ? "primary" : "secondary"
    onPrimary: {
        if (Passport.confirming)
            Passport.confirm();
        else if (Identify.typing)
            Identify.typed(typed.person, typed.number);
        else
            Identify.typeInstead();
    }

    LayCard {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: !Identify.typing && !root.passport
    }

    LayPassport {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Passport.scanning
        landscape: root.landscape
    }

    CheckPassport {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Passport.confirming
        landscape: root.landscape
    }

    TypeIdentity {
        id: typed

        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Identify.typing && !root.passport
    }
}
