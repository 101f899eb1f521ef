-- CSV, tables for people, progress.
local rille = require "rille"
local support = require "support"

local csv = rille.csv

-- A function that returns a text in pieces of some bytes.
local function pieces(text, size)
  local at = 1
  return function()
    if at > #text then return nil end
    at = at + size
    return text:sub(at - size, at - 1)
  end
end

local function all(source, options)
  local rows, lines = {}, {}
  for row, line in csv.read(source, options) do rows[#rows + 1], lines[#lines + 1] = row, line end
  return rows, lines
end

describe("rille.csv", function()
  it("writes what RFC 4180 says", function()
    local rows = { { id = 1, title = 'a "b"', note = "x,y" }, { id = 2, title = "", note = "two\nlines" }, { id = 3, note = " " } }
    assert.equal('id,note,title\r\n1,"x,y","a ""b"""\r\n2,"two\nlines",""\r\n3," ",\r\n', csv.encode(rows))
    assert.equal("title;id\n;1\n", csv.encode({ { id = 1 } }, { columns = { "title", "id" }, separator = ";", newline = "\n" }))
    assert.equal("1\r\n", csv.encode({ { id = 1 } }, { header = false }))
    assert.equal("", csv.encode {})
    assert.equal("id\r\n", csv.encode({}, { columns = { "id" } }))
  end)

  it("writes values exactly", function()
    local row = { a = 9007199254740993, b = 0.1, c = true, d = rille.decimal "12.50", e = { 1, "x" }, f = rille.null, g = 1 / 0, h = 2.0, i = -0.0 + 5 }
    assert.equal('9007199254740993,0.1,true,12.5,"[1,""x""]",,inf,2,5\r\n', csv.encode({ row }, { header = false }))
  end)

  it("reads it back", function()
    local text = '\239\187\191id,title,"no ""te"\r\n1,,""\n2,"a\r\nb",  x \r\n\r\n3,"",y'
    for size = 1, #text do
      local rows, lines = all(pieces(text, size))
      assert.same({ { id = "1", title = rille.null, ['no "te'] = "" }, { id = "2", title = "a\r\nb", ['no "te'] = "  x " },
        { id = "3", title = "", ['no "te'] = "y" } }, rows)
      assert.same({ 2, 3, 6 }, lines)
    end
    local rows, columns = csv.decode "a,b\n1,2\n"
    assert.same({ { { a = "1", b = "2" } }, { "a", "b" } }, { rows, columns })
    assert.same({}, (csv.decode ""))
    assert.same({ { "1", rille.null }, { "x" } }, (csv.decode("1,\nx\n", { header = false })))
    assert.same({ { x = "1", y = "2" } }, (csv.decode("1\t2\n", { columns = { "x", "y" }, separator = "\t" })))
    assert.same({ { a = "1" }, { a = rille.null }, { a = "" }, { a = "2" } }, (csv.decode 'a\n1\n\n""\n2\n'))
  end)

  it("is its own inverse", function()
    math.randomseed(7)
    local letters = { "a", '"', ",", "\r\n", "\n", "\r", " ", "ä", ";", "\0", "'" }
    for _ = 1, 300 do
      local rows, columns = {}, {}
      for c = 1, math.random(1, 4) do columns[c] = ("c%d"):format(c) end
      for r = 1, math.random(0, 6) do
        rows[r] = {}
        for _, name in ipairs(columns) do
          local parts = {}
          for i = 1, math.random(0, 5) do parts[i] = letters[math.random(#letters)] end
          rows[r][name] = math.random(5) == 1 and rille.null or table.concat(parts)
        end
      end
      local text = csv.encode(rows, { columns = columns })
      assert.same(rows, (all(pieces(text, math.random(1, 20)))))
    end
  end)

  it("says where a text is wrong", function()
    local function wrong(text, words, line, options)
      local e = support.fails("INPUT", csv.decode, text, options)
      assert.truthy(e.message:find(words, 1, true), e.message)
      assert.same({ line, 400 }, { e.meta.line, e.meta.status })
    end
    wrong("a,b\n1\n", "line 2: expected 2 cells, got 1", 2)
    wrong("a,b\n1,2\n1,2,3", "line 3: expected 2 cells, got 3", 3)
    wrong('a\n"x', "line 2: a quoted cell has no end", 2)
    wrong('a\n"x\n"y\n', "expected a separator or the end of the line", 2)
    wrong('a\nx"y\n', "a quote within a cell", 2)
    wrong("a,a\n", "two columns are called `a`", 1)
    wrong("a,\n", "column 2 has no name", 1)
    wrong("a\n" .. ("x"):rep(100000), "at most 1000 bytes", 2, { max_row = 1000 })
    wrong((","):rep(20000), "at most 10000 cells", 1)
    support.fails("VALIDATION", csv.decode, 7)
    support.fails("VALIDATION", csv.decode, "a", { separator = "ab" })
    support.fails("VALIDATION", csv.encode, { 1 })
    support.fails("VALIDATION", csv.encode, {}, { newline = "x" })
    support.fails("VALIDATION", csv.read, "a path")
    support.fails("VALIDATION", csv.writer, print, {})
  end)

  it("reads in constant memory", function()
    local n = 0
    local function source()
      n = n + 1
      if n == 1 then return "id,title,note\n" end
      if n > 30000 then return nil end
      return ('%d,"title, %d",some words\n'):format(n, n)
    end
    local most, count = 0, 0
    collectgarbage()
    local before = collectgarbage "count"
    for _, line in csv.read(source) do
      count = count + 1
      assert.equal(count + 1, line)
      if count % 5000 == 0 then
        collectgarbage()
        most = math.max(most, collectgarbage "count" - before)
      end
    end
    assert.equal(29999, count)
    assert.is_true(most < 1000, most)
  end)

  it("writes rows one by one", function()
    local parts = {}
    local write = csv.writer(function(text) parts[#parts + 1] = text end, { columns = { "id", "b" } })
    write { id = 1 }
    write { id = 2, b = "x" }
    assert.equal("id,b\r\n1,\r\n2,x\r\n", table.concat(parts))
    local path = support.folder() .. "/x.csv"
    local file = io.open(path, "wb")
    csv.writer(file, { columns = { "id" } })({ id = 7 })
    file:close()
    file = io.open(path, "rb")
    assert.same({ { id = "7" } }, (all(file)))
    file:close()
  end)

  it("knows the fields of a model", function()
    local db = support.open("sqlite", [[
model Thing {
  id    Int       @id
  name  String?
  big   BigInt?
  dec   Decimal?
  num   Float?
  on    Boolean?
  bytes Bytes?
  json  Json?
  at    DateTime?
}]])
    local data = { id = 1, name = "", big = 9007199254740993, dec = "0.10", num = 0.1, on = true, bytes = "\0\255,", json = rille.json_null,
      at = "2026-11-22T12:00:00Z" }
    db.thing:create { data = data }
    db.thing:create { data = { id = 2 } }
    local rows = db.thing:find_many { order_by = { id = "asc" } }
    local text = csv.encode(rows, { model = db.thing })
    assert.equal('id,name,big,dec,num,on,bytes,json,at\r\n1,"",9007199254740993,0.1,0.1,true,AP8s,null,2026-11-22T12:00:00.000Z\r\n2,,,,,,,,\r\n', text)
    local read = csv.decode(text, { model = db.thing })
    db.thing:delete_many { where = rille.all }
    db.thing:create_many { data = read }
    assert.same(rows, db.thing:find_many { order_by = { id = "asc" } })
    local e = support.fails("INPUT", csv.decode, "id,big\n1,1.5\n", { model = db.thing })
    assert.equal('csv: line 2: big: expected an integer, got "1.5"', e.message)
  end)

  after_each(support.cleanup)
end)

describe("rille.inspect", function()
  it("shows rows as a table, and other values in Lua", function()
    assert.equal("id  title\n 1  a\n10  b c\n(2 rows)", rille.inspect { { id = 1, title = "a" }, { id = 10, title = "b\nc" } })
    assert.equal('{ { id = 1 } }', rille.inspect({ { id = 1 } }, { rows = false }))
    assert.equal('{ a = { 1, 2 }, b = "x", ["c d"] = true }', rille.inspect { a = { 1, 2 }, b = "x", ["c d"] = true })
    assert.equal("id  t\n 1  abc…\n(1 row)", rille.inspect({ { id = 1, t = "abcdefgh" } }, { max_cell = 4 }))
    assert.equal("<id>\n 1\n(1 row)", (rille.inspect({ { id = 1 } }, { paint = function(text) return "<" .. text .. ">" end })))
    local cycle, deep = {}, {}
    cycle.me = cycle
    assert.equal("{ me = {...} }", rille.inspect(cycle))
    for _ = 1, 100000 do deep = { deep } end
    assert.truthy(rille.inspect(deep):find("{...}", 1, true))
    support.fails("VALIDATION", rille.inspect, {}, { max_cell = 0 })
  end)
end)

describe("rille.progress", function()
  it("reports to a function, or nothing where there is no terminal", function()
    local seen = {}
    local report = rille.progress("posts", 3, function(...) seen[#seen + 1] = { ... } end)
    report(1)
    report(3)
    assert.same({ { "posts", 1, 3 }, { "posts", 3, 3 } }, seen)
    rille.progress("posts", nil, false)(5)
    support.fails("VALIDATION", rille.progress)
    support.fails("VALIDATION", rille.progress, "x", 1.5)
    support.fails("VALIDATION", rille.progress, "x", 1, "bar")
  end)
end)
