pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

// Lay the card down; after two reads that failed, or without a reader, type instead.
BaseScreen {
    id: root

    primaryText: Identify.typing ? I18n.s.identify_continue : Identify.mayType ? I18n.s.identify_type : ""
    primaryKind: Identify.typing ? "primary" : "secondary"
    onPrimary: Identify.typing ? Identify.typed(name.field.text, number.field.text) : Identify.typeInstead()

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: !Identify.typing
        spacing: Theme.mm(8)

        Txt {
            width: parent.width
            text: I18n.s.identify_title
            font.pixelSize: Theme.title
            strong: true
        }

        Panel {
            width: parent.width
            height: Math.min(width * 0.56, Theme.mm(110))
            color: Theme.primarySoft

            Rectangle {
                id: reader

                anchors.centerIn: parent
                width: Theme.mm(112)
                height: Theme.mm(76)
                radius: Theme.radius
                color: Theme.ink

                Panel {
                    anchors.centerIn: parent
                    width: Theme.mm(85.6)
                    height: Theme.mm(54)
                    color: "#E9F0F4"

                    Rectangle {
                        anchors {
                            right: parent.right
                            verticalCenter: parent.verticalCenter
                            rightMargin: Theme.mm(6)
                        }
                        width: Theme.mm(22)
                        height: Theme.mm(28)
                        radius: Theme.mm(2)
                        color: "#B9C8D6"
                    }

                    Column {
                        anchors {
                            left: parent.left
                            verticalCenter: parent.verticalCenter
                            leftMargin: Theme.mm(7)
                        }
                        spacing: Theme.mm(4)

                        Repeater {
                            model: [30, 22, 40, 34]

                            Rectangle {
                                required property int modelData

                                width: Theme.mm(modelData)
                                height: Theme.mm(3.5)
                                radius: height / 2
                                color: "#B9C8D6"
                            }
                        }
                    }
                }
            }
        }

        Notice {
            width: parent.width
            tone: Identify.failed ? "danger" : "plain"
            text: Identify.message
        }
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Identify.typing
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
            id: number

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
}
