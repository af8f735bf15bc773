pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../../theme"
import "../../../components"

// Name and number, typed.
Paged {
    readonly property string person: name.field.text
    readonly property string number: digits.field.text

    spacing: Theme.mm(6)

    Txt {
        width: parent.width
        text: I18n.s.identify_type_title
        font.pixelSize: Theme.title
        strong: true
    }

    Notice {
        width: parent.width
        text: I18n.s.identify_type_note
    }

    Notice {
        width: parent.width
        tone: "danger"
        text: Identify.error
    }

    Entry {
        id: name

        width: parent.width
        label: I18n.s.identify_name
        name: "typed_name"
        maximumLength: 50
    }

    Entry {
        id: digits

        width: parent.width
        label: I18n.s.identify_number
        name: "typed_number"
        maximumLength: 20
        pad: "identity"
    }

    ActionButton {
        objectName: "use_card"
        visible: Identify.readerWorks
        text: I18n.s.identify_use_card
        onTapped: Identify.useCard()
    }
}
