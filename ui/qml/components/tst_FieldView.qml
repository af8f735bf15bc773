import QtQuick
import QtTest
import Bianmin

Item {
    width: 1080
    height: 900

    Component {
        id: maker

        FieldView {
            width: 1080
        }
    }

    TestCase {
        name: "FieldView"
        when: windowShown

        function make(values: var): Item {
            const all = Object.assign({
                id: "f",
                type: "text",
                label: "标签",
                hint: "",
                value: "",
                maxLength: 20,
                choices: []
            }, values);
            return createTemporaryObject(maker, this.parent, {
                modelData: all
            });
        }

        function test_a_choice_is_answered_by_its_value() {
            const view = make({
                id: "how",
                type: "choice",
                choices: [
                    {
                        value: "post",
                        label: "邮寄",
                        hint: ""
                    },
                    {
                        value: "fetch",
                        label: "自取",
                        hint: ""
                    }
                ]
            });
            mouseClick(findChild(view, "how_fetch"));
            compare(Question.answers.how, "fetch");
            verify(findChild(view, "how_fetch").chosen);
            verify(!findChild(view, "how_post").chosen);
        }

        function test_text_is_answered_as_it_is_typed() {
            const view = make({
                id: "road"
            });
            findChild(view, "road").forceActiveFocus();
            keyClick("a");
            compare(Question.answers.road, "a");
        }

        function test_what_is_wrong_stands_above_the_field() {
            const view = make({
                id: "wrong"
            });
            const error = findChild(view, "error_wrong");
            verify(error.visible);
            compare(error.text, "写错了");
        }

        function test_numbers_come_from_the_pad_and_words_from_the_keyboard_data() {
            return [["phone", "digits"], ["bank_card", "digits"], ["id_number", "identity"], ["name", ""], ["text", ""]].map(pair => ({
                        tag: pair[0],
                        pad: pair[1]
                    }));
        }

        function test_numbers_come_from_the_pad_and_words_from_the_keyboard(row) {
            compare(findChild(make({
                type: row.tag
            }), "f").pad, row.pad);
        }
    }
}
