pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../theme"
import "../../components"

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
            Identify.typed(name.field.text, number.field.text);
        else
            Identify.typeInstead();
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: !Identify.typing && !root.passport
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

        ActionButton {
            objectName: "passport"
            visible: Passport.offered
            text: I18n.s.passport_begin
            onTapped: Passport.begin()
        }
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Passport.scanning
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

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Passport.confirming
        spacing: Theme.mm(6)

        Txt {
            width: parent.width
            text: I18n.s.passport_check
            font.pixelSize: Theme.title
            strong: true
        }

        Repeater {
            model: Passport.fields

            Row {
                id: field

                required property var modelData

                width: parent.width
                spacing: Theme.gap

                Txt {
                    id: label

                    width: 7.5 * Theme.body
                    text: field.modelData.label
                    color: Theme.muted
                }

                Txt {
                    width: parent.width - label.width - parent.spacing
                    text: field.modelData.value
                    font.pixelSize: Theme.large
                }
            }
        }

        Notice {
            width: parent.width
            visible: Passport.doubts.length > 0
            text: I18n.s.passport_check_note
        }

        Notice {
            width: parent.width
            objectName: "passport_error"
            tone: "danger"
            text: Passport.error
        }

        Repeater {
            model: Passport.doubts

            Panel {
                id: doubt

                required property var modelData
                required property int index

                width: parent.width
                height: inner.implicitHeight + Theme.mm(8)

                Column {
                    id: inner

                    anchors {
                        left: parent.left
                        right: parent.right
                        verticalCenter: parent.verticalCenter
                        margins: Theme.mm(5)
                    }
                    spacing: Theme.mm(3)

                    Txt {
                        width: parent.width
                        text: I18n.s.passport_at
                        color: Theme.muted
                    }

                    Row {
                        spacing: Theme.mm(1)

                        Txt {
                            text: doubt.modelData.before
                            font.pixelSize: Theme.title
                            textFormat: Text.PlainText
                        }

                        Txt {
                            text: doubt.modelData.now
                            font.pixelSize: Theme.title
                            textFormat: Text.PlainText
                            strong: true
                            color: Theme.primary
                            font.underline: true
                        }

                        Txt {
                            text: doubt.modelData.after
                            font.pixelSize: Theme.title
                            textFormat: Text.PlainText
                        }
                    }

                    Flow {
                        width: parent.width
                        spacing: Theme.mm(3)

                        Repeater {
                            model: doubt.modelData.choices

                            ActionButton {
                                required property string modelData

                                objectName: "doubt_" + doubt.index + "_" + modelData
                                width: Theme.mm(22)
                                kind: modelData === doubt.modelData.now ? "primary" : "secondary"
                                text: modelData
                                onTapped: Passport.pick(doubt.modelData.row, doubt.modelData.place, modelData)
                            }
                        }
                    }
                }
            }
        }

        ActionButton {
            objectName: "passport_again"
            text: I18n.s.passport_again
            onTapped: Passport.begin()
        }
    }

    Paged {
        anchors {
            fill: parent
            margins: Theme.margin
        }
        visible: Identify.typing && !root.passport
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
