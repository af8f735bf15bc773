import QtQuick
import QtTest

Item {
    width: 1080
    height: 600

    DateEntry {
        id: date

        property string answer: ""

        width: parent.width
        name: "born"
        value: "1950-03-07"
        onEdited: text => answer = text
    }

    TestCase {
        name: "DateEntry"
        when: windowShown

        function init() {
            for (const part of ["year", "month", "day"])
                field(part).clear();
            date.answer = "";
        }

        function field(part: string): Item {
            return findChild(date, "born_" + part);
        }

        function write(text: string) {
            for (const key of text)
                keyClick(key);
        }

        function initTestCase() {
            compare(field("year").text, "1950");
            compare(field("month").text, "3");
            compare(field("day").text, "7");
        }

        function test_moves_on_by_itself_and_gives_an_iso_date() {
            field("year").forceActiveFocus();
            write("20241231");
            compare(date.answer, "2024-12-31");
        }

        function test_one_digit_is_filled_up() {
            field("year").forceActiveFocus();
            write("2024");
            write("2");
            field("day").forceActiveFocus();
            write("9");
            compare(date.answer, "2024-02-09");
        }

        function test_empty_is_no_date() {
            field("day").forceActiveFocus();
            write("1");
            keyClick(Qt.Key_Backspace);
            compare(date.answer, "");
        }
    }
}
