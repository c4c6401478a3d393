"""Words and phrases that something on the way to the store knows, and does something about."""

from __future__ import annotations

#: What interfaces show as long as a session has no title: "no title yet" to some job that then makes one.
TITLES = ("New conversation", "New Chat", "Untitled", "Conversation 1a2b3", "新的对话")
MORE_TITLES = (
    "Conversation", "新しい会話", "无标题",
    "New Conversation", "New chat", "new chat", "Chat", "New session", "New Session", "Session",
    "Untitled conversation", "Untitled session", "Untitled Chat", "Unnamed", "(untitled)", "No title", "Default",
    "Default title", "New thread", "新会话", "新对话", "新建会话", "新聊天", "未命名", "无题", "無題",
    "新しいチャット", "새 대화", "새 채팅", "Nouvelle conversation", "Neuer Chat", "Nueva conversación", "Sin título",
    "Новый чат",
)  # fmt: skip

#: What stands around a title that a model made.
AROUND = (
    "“Trip to Lisbon”", "'Trip to Lisbon'", "**Trip to Lisbon**", "<think>A title.</think> Trip to Lisbon",
)  # fmt: skip
MORE_AROUND = (
    "_Trip to Lisbon_",
    "‘Trip to Lisbon’", "「里斯本之旅」", "Trip to Lisbon.", "«Trip to Lisbon»", "《里斯本之旅》",
    "***Trip to Lisbon***", "~~Trip to Lisbon~~", "`Trip to Lisbon`", "```Trip to Lisbon```", "(Trip to Lisbon)",
    "[Trip to Lisbon]", "{Trip to Lisbon}", "<Trip to Lisbon>", "| Trip to Lisbon |", "<title>Trip to Lisbon</title>",
    '{"title": "Trip to Lisbon"}', "$Trip to Lisbon$", "Trip to Lisbon...", "Trip to Lisbon:", "# Trip to Lisbon #",
    "> Trip to Lisbon", "## Trip to Lisbon", "Trip to Lisbon (2)", "Trip to Lisbon 🌊",
)  # fmt: skip
#: What stands before such a title, and after it.
BEFORE_AND_AFTER = (
    ("Title: ", "."), ("标题：", "。"), ("- ", "..."), ("1. ", "!"), ("Sure! Here is a title: ", "?"),
)  # fmt: skip
MORE_BEFORE_AND_AFTER = (
    ("title: ", " Title"), ("Title - ", ","), ("TITLE: ", ";"), ("タイトル：", "！"), ("题目：", "？"),
    ("Chat: ", " - Chat"), ("Here is a title: ", ":"), ("Topic: ", " | Chat"), ("Summary: ", " ..."),
    ("Re: ", "…"), ("Fwd: ", "。。。"), ("Copy of ", " (copy)"), ("* ", "**"), ("1) ", "\\"), ("Assistant: ", "</s>"),
    ("The ", " conversation"), ("🗺️ ", " ❤️"), ("🤖 ", "<|im_end|>"), ("How to ", "'s"),
)  # fmt: skip

#: What filters star out, hash or cut: secrets, people, machines, and words within words.
SECRETS = (
    f"sk-{'a1b2' * 8}", "AKIAIOSFODNN7EXAMPLE", f"ghp_{'a1' * 18}", "Bearer abc.def", "password=hunter2",
    "eyJhbGciOiJub25lIn0.e30.x", "token: 0a1b2c",
)  # fmt: skip
PEOPLE = (
    "ann.lee+x@example.org", "4111 1111 1111 1111", "+1 (415) 555-0132", "078-05-1120", "GB82 WEST 1234 5698 7654 32",
    "1990-01-31", "SW1A 1AA", "38.7223, -9.1393",
)  # fmt: skip
MACHINES = (
    "192.0.2.7", "2001:db8::7", "123e4567-e89b-12d3-a456-426614174000", "00:1b:44:11:3a:b7",
    "https://ann:pw@example.org/", "https://example.org/?a=b", "localhost:8080", "/home/ann",
)  # fmt: skip
WITHIN_WORDS = (
    "Scunthorpe", "Penistone", "Sussex", "assassin", "cocktail", "Dickens", "Hitchcock", "analysis", "grapefruit",
    "therapist", "arsenal", "Matsushita", "classic", "kill -9", "master/slave",
)  # fmt: skip

#: What editors make prettier.
TYPED = (
    '"plan"', "'plan'", "don't", "`plan'", "a--b", "a -- b", "---", "...", ". . .", "(c)", "(C)", "(r)", "(tm)",
    "1/2", "1st", "->", "<-", "=>", "<=", ">=", "!=", "+-", "<<a>>", "10 x 10", "5'10\"", "H2O", "m^2", "1,000.50",
    "+/-", "~=", "||",
)  # fmt: skip
SMILEYS = (
    ":-)", ":)", ";-)", ":(", ":D", ":P", "<3", ":'(", "xD", ":/", "8)", ":|", "^_^", ":smile:", ":+1:", ":tada:",
    "(y)",
)  # fmt: skip
CORRECTED = (
    "teh", "i", "recieve", "adn", "www.example.org", "ann.example.com", "@ann", "#plan", "iPhone", "eBay", "a.m.",
    "yes,no", "end.Then", "SHOUT", "*plan*", "_plan_", "~plan~", "[[plan]]", "((plan))", "$x^2$", "KEY-12", "r/plan",
    "monday", "!plan",
)  # fmt: skip

#: What is taken for more than text wherever it stands: all of a row may stand in one name. What must be whole to be
#: understood is not among what breaks it: a percent sign by itself keeps `%41` from being decoded.
QUOTES = ("two  blanks", "three   blanks", "it's", 'say "hi"', "`tick`", "''", '""')
BACKSLASHES = ("C:\\new\\table", "\\u0041", "\\n", "\\\\")
PERCENT_ESCAPES = ("%41%20", "a+b%2Bc", "%C3%A9", "%00")
PERCENT_SIGNS = ("100%", "%s %d %n", "5%x")
MARKUP = (
    "<b>bold</b>", "<script>alert(1)</script>", "a < b & c > d", "&amp; &lt; &#65;", "**bold**", "[a](b)", "`c`",
    "~~d~~",
)  # fmt: skip
SQL = ("Robert'); DROP TABLE students;--", "' OR '1'='1", "a;b--c", "100_%", "/* d */")
TEMPLATES = ("{{7*7}} ${7*7} #{7*7}", "{0} {name} {}", "$HOME $1 ~ `id`", "<%= 7*7 %>")
PATHS = ("../../etc/passwd", "a/b?c=d&e#f", "Name: value; x=y", "a\\b")
TYPOGRAPHY = ("em — en – hyphen -", "dots ... …", "‹a› „b‟ «c»", "‘curly’ “quotes”")

#: Text of many scripts, in the words of somebody who writes it; and what a letter becomes in another form.
WRITTEN = (
    "Café à la crème",
    "Ÿ ŒUVRE",
    "Привет",
    "Ελληνικά",
    "会话重命名",
    "テスト",
    "이름",
    "髙﨑",
    "שלום עולם",
    "مرحبا 123",
)
WRITTEN_BEYOND = ("🚀", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𠮷野家", "😀", "\ufffd")
CASES = ("MiXeD", "CaSe", "ẞ", "ß", "İ", "ı", "ǅ", "ΟΔΟΣ", "ὁδός")
DECOMPOSED = (
    "Cafe\u0301", "Z\u0324\u0323\u0300", "\u1112\u1161\u11ab", "\u212b", "\u2126", "\u212a", "\uf900", "\u0958",
    "น\u0e49\u0e33",
)  # fmt: skip
PRECOMPOSED = ("\u00c5", "\u00e9", "\u01d6", "\ud55c", "\u1ea5")
COMPATIBLE = ("ﬁ", "ﬀ", "²", "℡", "Ⅳ", "½", "①", "ｶﾀｶﾅ", "ＡＢＣ")

#: Words that mean something to a language or a store, each as the whole name.
WORDS = (
    "NULL", "constructor", "__proto__", "rowid", "CURRENT_TIMESTAMP", "$where",
)  # fmt: skip
MORE_WORDS = (
    "nil", "Infinity", "toString", "length", "id", "DEFAULT",
    "Null", "select", "__class__", "none", "NONE", "nan", "inf", "-Infinity", "-inf", "True", "TRUE", "False", "no",
    "on", "off", "void", "unset", "empty", "N/A", "n/a", "#N/A", "#REF!", "(null)", "<null>", "<nil>",
    "[object Object]", "missing", "unknown", "prototype", "hasOwnProperty", "valueOf", "then", "toJSON", "this",
    "self", "name", "title", "session_name", "type", "user", "key", "value", "default", "_id", "$set", "$ref", "$gt",
    "$oid", "ROWID", "count", "order", "group", "index", "NOW()", "current_user", "LAST_INSERT_ID()", "EXCLUDED",
    "OLD", "NEW", "__init__", "__dict__", "__name__", "NUL", "AUX", "PRN", "COM1", "LPT1", "desktop.ini", "..",
    "root", "admin", "administrator", "system", "deleted", "test", "-0", "0.0", "1.0", "00", "1e999", "0b1", "0o7",
    "١٢٣", "１２３", "½", "Ⅷ", "1,5", "12:30:45", "2024-02-30T12:30:00Z", "1d", "{}{}", "()", "''", '""', "``", "\\0",
    "\\n", "%00", "&nbsp;", "<!-- -->", "?name=x", "--", "/* */", "${}",
)  # fmt: skip
