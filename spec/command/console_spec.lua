-- `rille console`: statements from -e and from a pipe, and a prompt on a terminal.
local harness = require "command.harness"
local support = require "support"

local SCHEMA = [[
model User {
  id    Int     @id @default(autoincrement())
  email String  @unique
  age   Int?
  posts Post[]
}

model Post {
  id       Int    @id @default(autoincrement())
  title    String
  author   User   @relation(fields: [authorId], references: [id])
  authorId Int
}
]]

support.each_engine(function(engine)
  describe("rille console", function()
    local folder, url

    local function ok(arguments, options)
      options = options or {}
      options.url = url
      return harness.ok(folder, "console " .. arguments, options)
    end

    before_each(function()
      folder, url = harness.project(engine, SCHEMA)
      local db = support.connect(url, SCHEMA)
      harness.ok(folder, "db push", { url = url })
      db.user:create { data = { email = "ada@example.com", age = 36, posts = { create = { { title = "Hello" } } } } }
      db.user:create { data = { email = "grace@example.com" } }
    end)

    it("shows rows as a table", function()
      assert.equal([[
id  age  email
 1   36  ada@example.com
 2       grace@example.com
(2 rows)
]], ok("-e 'db.user:find_many { order_by = { id = \"asc\" } }'").out)
    end)

    it("shows other values as Lua has them", function()
      local shown = {
        ["db.user:count()"] = "2\n",
        ["\"a\\nb\""] = "\"a\\nb\"\n",
        ["nil"] = "",
        ["1, nil, true"] = "1\nnil\ntrue\n",
        ["{}"] = "{}\n",
        ["{ 1, 2, { a = \"x\", [\"b c\"] = rille.null } }"] = "{ 1, 2, { a = \"x\", [\"b c\"] = rille.null } }\n",
        ["rille.decimal(\"1.50\")"] = "1.5\n",
        ["db.user:find_first { where = { id = 1 }, select = { email = true } }"] = "{ email = \"ada@example.com\" }\n",
        ["local x = 5"] = "",
        ["x = 5 return x + 1"] = "6\n",
      }
      for text, wanted in pairs(shown) do
        assert.equal(wanted, ok("", { input = text .. "\n" }).out, text)
      end
      local long = ok("-e 'db.user:find_first { include = { posts = true }, order_by = { id = \"asc\" } }'").out
      assert.truthy(long:find("posts = { { authorId = 1, id = 1, title = \"Hello\" } }", 1, true), long)
    end)

    it("takes statements of several lines from a pipe, and keeps globals", function()
      local input = "total = 0\nfor _, user in ipairs(db.user:find_many()) do\n  total = total + (user.age or 0)\nend\n\ntotal\n"
      assert.equal("36\n", ok("", { input = input }).out)
    end)

    it("runs a file of Lua on the input: locals last, statements go over lines", function()
      local cases = {
        ["local x = 1\nlocal function f()\n  return x\nend\nprint(f())\n"] = "1\n",
        ["#!/usr/bin/env rille\nlocal a, b = 1, 2\nprint(a,\n  b)"] = "1\t2\n",
        ["local a\nprint(a)\na = 2 -- now\n\nprint(a)"] = "nil\n2\n",
        ["local total = db.user\n  :count()\nprint(total\n  + 1)"] = "3\n",
        ["local c <const> = 3 print(c)"] = "3\n",
        ["local x y = 1\nprint(x, y)"] = "nil\t1\n",
        ["if not x then\n  print 'a'\nelse\n  print 'b'\nend\r\n\r\nprint 'c'\r\n"] = "a\nc\n",
      }
      for text, wanted in pairs(cases) do assert.equal(wanted, ok("", { input = text }).out, text) end
      assert.equal("3\n", ok("-e 'local x = 3\nprint(x)'").out)
    end)

    it("stops at an error with exit code 1", function()
      local result = ok("", { input = "1\ndb.usr:count()\n2\n", status = 1 })
      assert.equal("1\n", result.out)
      assert.truthy(result.err:find("did you mean `user`?", 1, true))
      assert.truthy(ok("-e 'x = = 1'", { status = 1 }).err:find("unexpected symbol", 1, true))
      assert.truthy(ok("-e 'for i = 1, 2 do'", { status = 1 }).err:find("not complete", 1, true))
      assert.truthy(ok("-e 'nothing.x'", { status = 1 }).err:find("nothing", 1, true))
    end)

    it("answers in JSON", function()
      local document = harness.json(folder, "console -e 'db.user:find_many { order_by = { id = \"asc\" }, select = { email = true } }'", { url = url })
      assert.equal("grace@example.com", document.results[1][2].email)
      assert.equal("VALIDATION", harness.json(folder, "console -e 'db.usr'", { url = url, status = 1 }).error.code)
      assert.same({ "\\xff61", "a" }, harness.json(folder, "console -e '\"\\255a\", \"a\"'", { url = url }).results)
      local result = harness.ok(folder, "console --json -e 'print(1) io.write(2) io.stdout:write(3) return 4'", { url = url })
      assert.equal('{"results":[4]}\n', result.out)
      assert.equal("1\n23", result.err)
    end)

    it("gives rille.connect the database of --url", function()
      assert.equal("2\n", harness.ok(folder, "console -e 'rille.connect().user:count()' --url '" .. url .. "'").out)
    end)

    if harness.has_terminal then
      it("is a prompt on a terminal, with results in their order", function()
        local typed = ".models\nlocal y = 70 + 7\ny\n.modles\nhelp\ndb.user:count() + 40\nfor i = 1, 2 do\nprint('turn ' .. i)\nend\ndb.usr\nexit\n"
        local shown = harness.terminal(folder, "console", { url = url, input = typed })
        assert.equal(0, shown.status)
        local plain = shown.out:gsub("\27%[[%d;?]*%a", "")
        for _, text in ipairs { "rille> ", "user  post\n", "77\n", "unknown command `.modles`", "an empty line gives it up", "42\n", "turn 1\nturn 2\n",
          "error: the schema has no model `usr`" } do
          assert.truthy(plain:find(text, 1, true), text .. " in " .. plain)
        end
        assert.truthy(shown.out:find("\27[31merror:\27[0m", 1, true))
      end)
    end
  end)
end)
