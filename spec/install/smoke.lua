-- One row written and read: run against an installed rille, under any Lua.
local rille = require "rille"
local schema = "model Note {\n  id Int @id @default(autoincrement())\n  /// @trim\n  /// @length ..20\n  text String\n}\n"
local url = "file:" .. os.tmpname()
rille.push { schema_text = schema, url = url }
local db = rille.connect { schema_text = schema, url = url }
local note = db.note:create { data = { text = " kept " } }
assert(db.note:find_unique { where = { id = note.id } }.text == "kept")
local ok, problems = db.note:validate({ text = ("x"):rep(21) }, { mode = "update" })
assert(not ok and #problems == 1 and problems[1].message == "must be at most 20 characters long" and problems[1].rule == "length")
local _, input = pcall(function() db.note:create { data = { text = ("x"):rep(21) } } end)
assert(input.code == "INPUT" and input.meta.field == "text", tostring(input))
local facts = db:schema("note").fields[2]
assert(facts.rules.trim == true and facts.rules.length.max == 20 and facts.rules.length.min == nil)
-- What each Lua does in a way of its own.
assert(rille.json.encode(db.note:find_many { where = { id = 0 } }) == "[]")
assert(rille.json.encode(note, { model = "note", pretty = true }) == '{\n  "id": 1,\n  "text": "kept"\n}')
assert("$" .. rille.decimal "1.50" == "$1.5" and rille.date(0, "%F %z", "+02:30") == "1970-01-01 +0230")
local line = debug.getinfo(1, "l").currentline
local calls = {
  function() db.note:find_many { nope = 1 } end,
  function() db:transaction(1) end,
  function() db:transaction(function(tx) tx.note:count { nope = 1 } end) end,
  function() db:batch(function(b) b.note:count { nope = 1 } end) end,
  function() db:query_raw "nope" end,
  function() rille.push { nope = 1 } end,
  function() local _ = db.nope end,
}
for i, call in ipairs(calls) do
  local _, e = pcall(call)
  assert(tostring(e.place):find(("smoke%%.lua:%d$"):format(line + 1 + i)) and not e.place:find "~", tostring(e))
end
local function begin() return db:transaction(1) end
local _, lost = pcall(function() begin() end)
assert(lost.place:find "^~.*smoke%.lua:%d+$", lost.place)
local _, text = pcall(rille.handler(function() db.note:count { nope = 1 } end))
assert(type(text) == "string" and text:find "^VALIDATION: .*smoke%.lua:%d+%)\nstack traceback:", text)
-- An action: committed, rolled back, and a fault of a nested row.
local function create(name, allow)
  return { input = { model = name, allow = allow }, run = function(tx, data) return tx[name]:create { data = data } end }
end
db:close()
schema = "model Folder {\n  id Int @id\n  text String @unique\n  notes Note[]\n}\nmodel Note {\n  id Int @id @default(autoincrement())\n  text String @unique\n"
  .. "  folderId Int?\n  folder Folder? @relation(fields: [folderId], references: [id])\n}\n"
rille.push { schema_text = schema, url = url, reset = true }
db = rille.connect { schema_text = schema, url = url }
local folder = db:action(create("folder", { "id", "text", notes = { "text" } }))
assert(folder(rille.form "id=1&text=a&notes[0][text]=n").ok)
local answer = folder(rille.form "id=2&text=b&notes[0][text]=m&notes[1][text]=n")
assert(answer.status == 409 and answer.errors.notes == "is already taken" and db.folder:count() == 1, tostring(answer.status))
answer = folder(rille.form "id=2&text=b&notes[][text]=n")
assert(answer.errors["notes.1.text"] == "is already taken" and db.note:count() == 1)
answer = db:action { run = function(tx) return tx.note:create { data = { text = "x", folderId = 9 } } end } ()
assert(answer.status == 422 and answer.code == "P2003")
-- Tokens and CSV keep integers that this Lua may not have. Rows are strict in development.
db:close()
schema = "model Item {\n  id Int @id\n  big BigInt\n  num Float\n  bytes Bytes?\n}\n"
rille.push { schema_text = schema, url = url, reset = true }
db = rille.connect { schema_text = schema, url = url, development = true }
local big = rille.json.decode "[9007199254740993]"[1]
for i = 1, 9 do db.item:create { data = { id = i, big = i % 2 == 0 and big or i % 3, num = i % 4 / 7, bytes = i % 3 == 0 and "\0\255" or nil } } end
local order, seen, page = { { big = "desc" }, { num = "asc" } }, {}, nil
repeat
  page = db.item:paginate { order_by = order, per_page = "2", after = page and page.next }
  for _, row in ipairs(page.rows) do
    assert(not seen[row.id])
    seen[row.id] = true
  end
until not page.next
assert(#seen == 9)
local csv = rille.csv.encode(db.item:find_many { order_by = { id = "asc" } }, { model = db.item })
local rows = rille.csv.decode(csv, { model = db.item })
db.item:delete_many { where = rille.all }
db.item:create_many { data = rows }
assert(rille.csv.encode(db.item:find_many { order_by = { id = "asc" } }, { model = db.item }) == csv)
local first = db.item:find_first { select = { id = true }, order_by = { id = "asc" } }
assert(first.id == 1 and tostring(select(2, pcall(function() return first.big end))):find "row.big: not selected")
-- The cache: rows and values are the caller's own, made stale by writes and tags. Derived clients.
db:close()
db = rille.connect { schema_text = schema, url = url, cache = true }
local function item(id, client) return (client or db).item:find_unique { where = { id = id }, cache = { ttl = 60, tags = { "items" } } } end
repeat item(1) until db:metrics().cache.hits > 0
item(1).num = 7
assert(item(1).num ~= 7)
local computed = 0
local cached = db:cached(function(id)
  computed = computed + 1
  local row = item(id)
  return { big = row and row.big, yes = true, list = { "a", id } }
end, { key = "facts", ttl = 60, tags = { "facts" } })
local value = cached(2)
assert(computed == 1 and value.yes == true and value.list[2] == 2 and tostring(cached(2).big) == tostring(item(2).big) and computed == 1)
db.item:update { where = { id = 2 }, data = { num = 0.5 } }
assert(item(2).num == 0.5 and cached(2) and computed == 2)
db:revalidate_tag "facts"
assert(cached(2).yes and computed == 3 and db:page("/items", function() return "<p>" .. db.item:count() end, { ttl = 60 }) == "<p>9")
db:revalidate_path "/*"
assert(rille.request(function() return db.item:count() + db.item:count() end) == 18)
local some = db:with { scope = { item = { id = { lt = 3 } } } }
assert(some.item:count() == 2 and item(5, some) == nil and item(5) ~= nil)
assert(not pcall(function() some.item:update { where = { id = 1 }, data = { id = 20 } } end) and db.item:count { where = { id = 20 } } == 0)
local written = 0
local extended = db:extend {
  name = "smoke",
  result = { item = { label = { needs = { id = true }, compute = function(row) return "item " .. tostring(row.id) end } } },
  write = { item = { before = function(row) written, row.num = written + 1, 0.25 end } },
}
assert(extended.item:create { data = { id = 10, big = 1, num = 1 } }.label == "item 10" and written == 1 and item(10).num == 0.25)
db:close()
for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(url:sub(6) .. suffix) end
print "ok"
