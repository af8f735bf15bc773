pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// How a case stands: type the receipt's number, or hold its code to the reader.
BaseScreen {
    id: root

    readonly property bool found: Lookup.rows.length > 0

    primaryText: found && number.field.text === "" ? I18n.s.lookup_leave : I18n.s.lookup_search
    primaryEnabled: found || number.field.text !== ""
    onPrimary: {
        if (found && number.field.text === "") {
            Lookup.leave();
            return;
        }
        Qt.inputMethod.hide();
        Lookup.search(number.field.text);
        // A wrong number stays, to be corrected.
        if (found)
            number.field.clear();
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        spacing: Theme.mm(6)

        Txt {
            width: parent.width
            text: I18n.s.lookup_title
            font.pixelSize: Theme.title
            strong: true
        }

        Entry {
            id: number

            width: parent.width
            label: Lookup.ask
            placeholder: "CD03-7K2M-000187-X"
            name: "receipt_typed"
            maximumLength: 30
            capitals: true
        }

        LiveView {
            visible: Lookup.camera
            width: Math.min(parent.width, Theme.mm(120))
            height: width * 0.5625
        }

        Notice {
            width: parent.width
            objectName: "lookup_error"
            tone: "danger"
            text: Lookup.error
        }

        Repeater {
            model: Lookup.rows

            Column {
                id: row

                required property var modelData
                required property int index

                width: parent.width
                spacing: Theme.mm(2)

                Txt {
                    width: parent.width
                    text: row.modelData.label
                    color: Theme.muted
                }

                Txt {
                    objectName: "lookup_" + row.index
                    width: parent.width
                    text: row.modelData.text
                    font.pixelSize: Theme.large
                }
            }
        }
    }
}
