import QtQuick
import QtQuick.VirtualKeyboard.Styles
import Bianmin
import "../../../../../theme"

// The look of Qt's keyboard: ours. Sizes that the keyboard asks for in parts of its own design are given so that
// they come out in millimetres.
KeyboardStyle {
    keyboardDesignWidth: 2680
    keyboardDesignHeight: Theme.elder ? 920 : 800
    keyboardRelativeLeftMargin: 0.012
    keyboardRelativeRightMargin: 0.012
    keyboardRelativeTopMargin: 0.025
    keyboardRelativeBottomMargin: 0.025

    keyboardBackground: Rectangle {
        color: Theme.line
    }

    keyPanel: KeyFace {}
    backspaceKeyPanel: KeyFace {
        acts: true
        label: I18n.s.pad_delete
    }
    languageKeyPanel: KeyFace {
        acts: true
        label: I18n.s.pad_language
    }
    enterKeyPanel: KeyFace {
        acts: true
        label: I18n.s.pad_enter
    }
    hideKeyPanel: KeyFace {
        acts: true
        label: I18n.s.pad_done
    }
    shiftKeyPanel: KeyFace {
        acts: true
        label: I18n.s.pad_shift
    }
    spaceKeyPanel: KeyFace {
        label: I18n.s.pad_space
    }
    symbolKeyPanel: KeyFace {
        acts: true
    }
    modeKeyPanel: KeyFace {
        acts: true
    }

    characterPreviewDelegate: Item {
        property string text: ""
        property string flickLeft: ""
        property string flickRight: ""
        property string flickTop: ""
        property string flickBottom: ""

        Rectangle {
            anchors.fill: parent
            radius: Theme.mm(2)
            color: Theme.primary

            Text {
                anchors.centerIn: parent
                text: parent.parent.text
                color: Theme.surface
                font.pixelSize: Theme.title
            }
        }
    }

    selectionListHeight: Theme.target
    selectionListBackground: Rectangle {
        color: Theme.surface
    }
    selectionListDelegate: SelectionListItem {
        width: Math.max(Theme.target, word.implicitWidth + Theme.mm(8))

        Text {
            id: word

            anchors.centerIn: parent
            // A role of the list: a required property here would hide the index that the base type reads.
            text: display // qmllint disable unqualified
            color: Theme.ink
            font.pixelSize: Theme.large
        }
    }
    selectionListHighlight: Rectangle {
        color: Theme.primarySoft
        radius: Theme.mm(2)
    }

    alternateKeysListItemWidth: Theme.target
    alternateKeysListItemHeight: Theme.target
    alternateKeysListDelegate: Item {
        id: alternate

        required property string text

        width: Theme.target
        height: Theme.target

        Text {
            anchors.centerIn: parent
            text: alternate.text
            color: Theme.ink
            font.pixelSize: Theme.large
        }
    }
    alternateKeysListHighlight: Rectangle {
        color: Theme.primarySoft
        radius: Theme.mm(2)
    }
    alternateKeysListBackground: Rectangle {
        color: Theme.surface
        radius: Theme.mm(2)
        border {
            width: Theme.strongStroke
            color: Theme.primary
        }
    }

    popupListDelegate: selectionListDelegate
    popupListHighlight: selectionListHighlight
    popupListBackground: selectionListBackground
}
