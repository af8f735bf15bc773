import QtQuick.Controls.Basic

// A line of text that says which keypad it is filled from: "" (the keyboard), "digits" or "identity".
TextField {
    property string pad: ""
}
