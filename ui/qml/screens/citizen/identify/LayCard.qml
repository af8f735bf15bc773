pragma ComponentBehavior: Bound
import QtQuick
import Bianmin
import "../../../theme"
import "../../../components"

// Lay the card on the reader.
Paged {
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
