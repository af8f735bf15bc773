pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../../theme"
import "../../../components"

// What was read of the passport, and a choice for each character that is doubtful.
Paged {
    id: root

    required property bool landscape

    // Of one field and of one choice: a lying screen has two beside each other.
    function wide(all: real): real {
        return landscape ? (all - Theme.mm(6)) / 2 : all;
    }

    spacing: Theme.mm(6)

    Txt {
        width: parent.width
        text: I18n.s.passport_check
        font.pixelSize: Theme.title
        strong: true
    }

    Flow {
        width: parent.width
        spacing: Theme.mm(6)

        Repeater {
            model: Passport.fields

            Row {
                id: field

                required property var modelData

                width: root.wide(parent.width)
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

    Flow {
        width: parent.width
        spacing: Theme.mm(6)

        Repeater {
            model: Passport.doubts

            Panel {
                id: doubt

                required property var modelData
                required property int index

                width: root.wide(parent.width)
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
    }

    ActionButton {
        objectName: "passport_again"
        text: I18n.s.passport_again
        onTapped: Passport.begin()
    }
}
