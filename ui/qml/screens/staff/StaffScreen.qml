pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// For the hall's staff: which device fails and what to do.
BaseScreen {
    id: root

    primaryText: Staff.unlocked ? I18n.s.app_close : I18n.s.staff_enter
    onPrimary: {
        if (Staff.unlocked) {
            Staff.lock();
            App.back();
        } else {
            Staff.enter(pin.field.text);
            pin.field.clear();
        }
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }

        Txt {
            width: parent.width
            text: I18n.s.staff_title
            font.pixelSize: Theme.title
            strong: true
        }

        Notice {
            width: parent.width
            tone: "danger"
            text: Staff.message
        }

        Entry {
            id: pin

            width: parent.width
            visible: !Staff.unlocked
            label: I18n.s.staff_pin
            name: "pin"
            secret: true
            maximumLength: 12
            pad: "digits"
        }

        Repeater {
            model: Staff.rows

            Panel {
                id: row

                required property var modelData
                required property int index

                width: parent.width
                height: words.implicitHeight + Theme.mm(8)

                Column {
                    id: words

                    spacing: Theme.mm(2)

                    anchors {
                        left: parent.left
                        right: parent.right
                        verticalCenter: parent.verticalCenter
                        margins: Theme.mm(5)
                    }

                    Txt {
                        objectName: "row_" + row.index
                        width: parent.width
                        text: row.modelData.label + "  ·  " + row.modelData.value
                        color: row.modelData.good ? Theme.ink : Theme.danger
                        strong: true
                    }

                    Txt {
                        width: parent.width
                        visible: text !== ""
                        text: row.modelData.advice
                    }

                    Repeater {
                        model: row.modelData.steps || []

                        StepRow {
                            width: words.width
                        }
                    }

                    Txt {
                        objectName: "detail_" + row.index
                        width: parent.width
                        visible: text !== ""
                        text: row.modelData.detail || ""
                        color: Theme.muted
                        font.pixelSize: Theme.small
                    }
                }
            }
        }
    }
}
