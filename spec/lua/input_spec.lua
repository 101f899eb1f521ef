-- model:input: forms and bodies become data for create and update, within what is allowed.
local rille = require "rille"
local support = require "support"

local schema = [[
enum Role {
  ADMIN
  USER @map("user_role")
}
model Author {
  id      Int     @id @default(autoincrement())
  /// @trim
  /// @lowercase
  /// @email
  email   String  @unique
  /// @length 2..10
  name    String
  role    Role    @default(USER)
  age     Int?
  /// @range ..99.95
  /// @message costs too much
  price   Decimal?
  big     BigInt?
  score   Float?
  agreed  Boolean @default(false)
  born    DateTime?
  data    Json?
  photo   Bytes?
  updated DateTime @updatedAt
  books   Book[]
  profile Profile?
}
model Profile {
  id       Int    @id @default(autoincrement())
  bio      String
  authorId Int    @unique
  author   Author @relation(fields: [authorId], references: [id])
}
model Book {
  id       Int    @id @default(autoincrement())
  /// @trim
  /// @length 3..
  title    String
  starts   DateTime?
  ends     DateTime?
  authorId Int
  author   Author @relation(fields: [authorId], references: [id])
  tags     Tag[]
}
model Tag {
  id    Int    @id @default(autoincrement())
  name  String @unique
  books Book[]
}
]]

-- What an option that is wrong says.
local function wrong(message, fn)
  assert.equal(message, support.fails("VALIDATION", fn).message)
end

support.each_engine(function(engine)
  local db, url
  before_each(function() db, url = support.open(engine, schema) end)

  local function codes(model, form, options)
    local input, errors, faults = model:input(form, options)
    assert.is_nil(input)
    local found = {}
    for _, fault in ipairs(faults) do
      found[fault.path] = found[fault.path] or fault.code
      assert.equal("string", type(errors[fault.path]))
    end
    return found, errors, faults
  end

  describe("input", function()
    it("gives what create takes", function()
      local form = rille.form("email=+Ada@Example.com&name=Ada&age=36&price=12.50&big=9007199254740993&score=1.5&agreed=0&agreed=on&role=ADMIN"
        .. "&born=2026-07-01T12:00&data=%7B%22a%22:%5B1,null%5D%7D&photo=aGk=&books[0][title]=+One+&books[0][id]=9&books[1][title]=Two"
        .. "&id=77&profile[bio]=x")
      local input, errors = db.author:input(form, {
        allow = { "email", "name", "age", "price", "big", "score", "agreed", "role", "born", "data", "photo", books = { "title" },
          profile = { "bio" } },
      })
      assert.is_nil(errors)
      assert.is_nil(getmetatable(input))
      assert.is_nil(getmetatable(input.data))
      assert.is_nil(getmetatable(input.books))
      local row = db.author:create { data = input, include = { books = { order_by = { id = "asc" } }, profile = true } }
      assert.not_equal(77, row.id)
      assert.equal("ada@example.com", row.email)
      assert.equal(36, row.age)
      assert.equal("12.5", tostring(row.price))
      assert.equal("9007199254740993", rille.json.encode(row.big):gsub('"', ""))
      assert.equal(1.5, row.score)
      assert.is_true(row.agreed)
      assert.equal("ADMIN", row.role)
      assert.equal("2026-07-01T12:00:00.000Z", row.born)
      assert.equal(1, row.data.a[1])
      assert.equal(rille.null, row.data.a[2])
      assert.equal("hi", row.photo)
      assert.equal("One", row.books[1].title)
      assert.equal("Two", row.books[2].title)
      assert.not_equal(9, row.books[1].id)
      assert.equal("x", row.profile.bio)
    end)

    it("gives what update takes, and requires nothing", function()
      local id = db.author:create { data = { email = "a@b.co", name = "Ada", age = 3, price = 5 } }.id
      local options = { allow = { "age", "price", "name", books = { "title" } }, mode = "update" }
      local input = db.author:input({ age = "", price = "7", books = { { title = "One" } } }, options)
      assert.equal(rille.null, input.age)
      local row = db.author:update { where = { id = id }, data = input, include = { books = true } }
      assert.is_nil(row.age)
      assert.equal("Ada", row.name)
      assert.equal("7", tostring(row.price))
      assert.equal(1, #row.books)
      assert.same({ name = "required" }, (codes(db.author, { name = "" }, { allow = { "name" }, mode = "update" })))
    end)

    it("says all that is wrong, each fault with its path", function()
      local body = rille.json.decode '{"email":"ada","age":"x","price":100,"books":[{"title":"One"},{"title":"T"},{}],"big":1e300,"name":5}'
      local found, errors, faults = codes(db.author, body, {
        allow = { "email", "name", "age", "price", "big", books = { "title" } },
      })
      assert.same({ email = "not_email", name = "not_text", age = "not_integer", price = "too_large", big = "too_large",
        ["books.2.title"] = "too_short", ["books.3.title"] = "required" }, found)
      assert.equal("must be at least 3 characters long", errors["books.2.title"])
      assert.equal("costs too much", errors.price)
      assert.same({ path = "email", code = "not_email", message = "must be an email address", value = "ada" }, faults[1])
      assert.same({ path = "books.2.title", code = "too_short", message = "must be at least 3 characters long", limit = "3", value = "T" }, faults[#faults - 1])
    end)

    it("takes no operators, and nothing that is not allowed", function()
      local body = rille.json.decode('{"email":{"contains":""},"name":{"set":"x"},"age":{"increment":1},"agreed":{"not":true},"id":1,'
        .. '"updated":"2020-01-01","books":{"connect":{"id":1}}}')
      local found = codes(db.author, body, { allow = { "email", "name", "age", "agreed" } })
      assert.same({ email = "not_text", name = "not_text", age = "not_integer", agreed = "not_boolean" }, found)
      local books = { allow = { books = { "title" } }, mode = "update" }
      assert.same({ ["books.title"] = "required" }, (codes(db.author, { books = { connect = { id = 1 } } }, books)))
      local input = db.author:input({ age = "1", id = 7, updated = "2020-01-01", AND = {}, [1] = "x" }, { allow = { "age" }, mode = "update" })
      assert.same({ age = 1 }, input)
      assert.same({ id = "unknown", ["books.1.authorId"] = "unknown" },
        (codes(db.author, { id = 7, books = { { title = "One", authorId = 8 } } },
          { allow = { "age", books = { "title" } }, mode = "update", unknown = "error" })))
      input = db.author:input({ data = { set = { a = 1 }, connect = true } }, { allow = { "data" }, mode = "update" })
      assert.same({ data = { set = { a = 1 }, connect = true } }, input)
    end)

    it("connects rows by a unique key, where that is allowed", function()
      local ada = db.author:create { data = { email = "ada@b.co", name = "Ada" } }
      local tag = db.tag:create { data = { name = "x" } }
      for _, who in ipairs { tostring(ada.id), ada.id, { id = tostring(ada.id) }, { email = "ADA@b.co " } } do
        local input = db.book:input({ title = "One", author = who, tags = { tag.id, { name = "x" } } },
          { allow = { "title", author = "connect", tags = "connect" } })
        local row = db.book:create { data = input, include = { tags = true } }
        assert.equal(ada.id, row.authorId)
        assert.equal(1, #row.tags)
      end
      local options = { allow = { "title", author = "connect" } }
      assert.same({ author = "required" }, (codes(db.book, { title = "One" }, options)))
      assert.same({ author = "required" }, (codes(db.book, { title = "One", author = { name = "Ada" } }, options)))
      assert.same({ ["author.id"] = "not_integer" }, (codes(db.book, { title = "One", author = { id = { ["not"] = 0 } } }, options)))
      options = { allow = { "title", "authorId", author = "connect" } }
      assert.same({ authorId = "conflict" }, (codes(db.book, { title = "One", author = 1, authorId = "1" }, options)))
    end)

    it("takes the nulls and the bare names of all decoders", function()
      local dkjson_null = setmetatable({}, { __tojson = function() return "null" end })
      local options = { allow = { "age", "data" }, mode = "update" }
      for _, null in ipairs { rille.null, rille.json_null, dkjson_null } do
        local input = db.author:input({ age = null, data = null }, options)
        assert.equal(rille.null, input.age)
        assert.equal(rille.null, input.data)
      end
      local ok, cjson = pcall(require, "cjson")
      if ok then assert.equal(rille.null, db.author:input(cjson.decode '{"age":null}', options).age) end
      assert.equal(rille.null, db.author:input({ age = true }, options).age)
      assert.same({ name = "required" }, (codes(db.author, { name = true }, { allow = { "name" }, mode = "update" })))
      assert.same({ age = "not_integer" }, (codes(db.author, rille.json.decode '{"age":true}', options)))
    end)

    it("survives what is no form at all", function()
      local cycle = {}
      cycle.a = cycle
      local options = { allow = { "age", "data", books = { "title" } }, mode = "update" }
      for _, form in ipairs { 5, "text", false, { 1, 2 }, rille.json.decode "[1]" } do
        assert.same({ base = "not_object" }, (codes(db.author, form, options)))
      end
      assert.same({ base = "not_object" }, (codes(db.author, rille.null, options)))
      assert.same({ data = "too_deep" }, (codes(db.author, { data = cycle }, options)))
      assert.same({ data = "bad_format" }, (codes(db.author, { data = { f = print } }, options)))
      assert.same({ data = "bad_format" }, (codes(db.author, { data = { 1, 2, nil, 4, a = 1 } }, options)))
      assert.same({ age = "bad_format" }, (codes(db.author, { age = print }, options)))
      assert.same({ age = 1 }, (db.author:input({ age = 1, other = cycle, [print] = print, [("k"):rep(70000)] = 1 }, options)))
      local many, list = {}, {}
      for i = 1, 1001 do many["k" .. i], list[i] = 1, { title = "One" } end
      assert.same({ base = "too_many" }, (codes(db.author, many, options)))
      assert.same({ books = "too_many" }, (codes(db.author, { books = list }, options)))
      assert.same({}, (db.author:input(many, { allow = { "age" }, mode = "update", fields = 2000 })))
      wrong("input: form: expected a table, got nil", function() db.author:input(nil, options) end)
      wrong("input: form: expected a table, got a function", function() db.author:input(print, options) end)
    end)

    it("knows zones", function()
      local function born(text, zone) return db.author:input({ born = text }, { allow = { "born" }, mode = "update", zone = zone }).born end
      assert.equal("2026-07-01T12:00:00.000Z", born "2026-07-01T12:00")
      assert.equal("2026-07-01T10:00:00.000Z", born("2026-07-01T12:00", "+02:00"))
      assert.equal("2026-07-01T12:00:00.000Z", born("2026-07-01T12:00Z", "+02:00"))
      assert.equal("2026-07-01T00:00:00.000Z", born("2026-07-01", "+02:00"))
      local asked = {}
      local function zone(text)
        asked[#asked + 1] = text
        return text:find "^2026%-07" and "+02:00" or "+01:00"
      end
      local input = db.book:input({ title = "One", starts = "2026-01-01T12:00:30", ends = "2026-07-01T12:00" },
        { allow = { "title", "starts", "ends" }, zone = zone })
      assert.equal("2026-01-01T11:00:30.000Z", input.starts)
      assert.equal("2026-07-01T10:00:00.000Z", input.ends)
      assert.same({ "2026-01-01T12:00:30", "2026-07-01T12:00:00" }, asked)
      local form = { born = "2026-07-01T12:00" }
      wrong("input: form: it has changed while `zone` was called", function()
        db.author:input(form, { allow = { "born" }, mode = "update", zone = function()
          form.born = "2026-08-01T12:00"
          return "Z"
        end })
      end)
      wrong("input: expected a table of options, as in { allow = { \"title\" } }, got a list", function() db.author:input({}, { "born" }) end)
      wrong("input: zone: expected an offset like +02:00, got `Berlin`", function() born("2026-07-01", "Berlin") end)
      wrong('input: zone("2026-07-01T12:00:00"): expected an offset such as "+02:00", got nil',
        function() born("2026-07-01T12:00", function() end) end)
      wrong('input: zone: expected an offset such as "+02:00", or a function, got an integer', function() born("2026-07-01", 2) end)
    end)

    it("checks what is right with a function", function()
      local options = { allow = { "title", "starts", "ends" }, check = function(input, fault)
        if input.ends < input.starts then fault("ends", "must be after the start") end
        if input.title == "Bad" then fault(nil, "is bad", "bad") end
      end }
      local found, errors, faults = codes(db.book, { title = "Bad", starts = "2026-02-01", ends = "2026-01-01" }, options)
      assert.same({ ends = "check", base = "bad" }, found)
      assert.equal("must be after the start", errors.ends)
      assert.same({ path = "ends", code = "check", message = "must be after the start" }, faults[1])
      assert.truthy(db.book:input({ title = "One", starts = "2026-01-01", ends = "2026-02-01" }, options))
      local ran = false
      codes(db.book, { title = "" }, { allow = { "title" }, check = function() ran = true end })
      assert.is_false(ran)
    end)

    it("has other messages: of the call, of the client, of a function", function()
      local german = { too_short = "mindestens {limit} Zeichen", required = "fehlt ({path}, {other})" }
      local function message(client, form, messages)
        local _, errors = client.book:input(form, { allow = { "title" }, messages = messages })
        return errors.title
      end
      assert.equal("must be at least 3 characters long", message(db, { title = "a" }))
      assert.equal("mindestens 3 Zeichen", message(db, { title = "a" }, german))
      local derived = db:with { messages = german }
      assert.equal("fehlt (title, {other})", message(derived, {}))
      assert.equal("mindestens 3 Zeichen", message(derived:with { primary = true }, { title = "a" }))
      assert.equal("kurz", message(derived, { title = "a" }, { too_short = "kurz" }))
      derived = derived:with { messages = function(fault) if fault.code == "required" then return fault.path .. "?" end end }
      assert.equal("title?", message(derived, {}))
      assert.equal("mindestens 3 Zeichen", message(derived, { title = "a" }))
      derived:transaction(function(tx) assert.equal("title?", message(tx, {})) end)
      local _, errors = derived.author:input({ price = "100" }, { allow = { "price" }, messages = { too_large = "teuer" } })
      assert.equal("costs too much", errors.price)
      _, errors = derived.author:input({ price = "100" }, { allow = { "price" }, messages = function() return "teuer" end })
      assert.equal("teuer", errors.price)
      wrong("with: messages: expected a table of messages by code, or a function, got an integer", function() db:with { messages = 5 } end)
      wrong("input: messages.required: expected a string, got an integer", function() message(db, {}, { required = 5 }) end)
      wrong("input: messages: expected a function that returns a string or nil, got an integer", function() message(db, {}, function() return 5 end) end)
    end)

    it("refuses wrong options", function()
      local function refused(message, options) wrong(message, function() db.book:input({}, options) end) end
      wrong('input: expected a table of options, as in { allow = { "title" } }, got nil', function() db.book:input {} end)
      refused("input: allow: missing; lists the fields that the form may give", {})
      refused('input: allow: expected a table, as in { "title", tags = { "name" } }, got a string', { allow = "title" })
      refused("input: allow.titel: unknown field of Book; did you mean `title`?", { allow = { "titel" } })
      refused("input: allow.tags.nmae: unknown field of Tag; did you mean `name`?", { allow = { tags = { "nmae" } } })
      refused("input: allow[2]: expected the name of a field, got an integer", { allow = { "title", 5 } })
      refused("input: allow.title: expected true or a list of fields, got an integer", { allow = { title = 5 } })
      refused("input: allow.tags.books: cannot be allowed; `tags`, through which the row is written, sets it",
        { allow = { tags = { books = "connect" } } })
      refused("input: required.ends: is not among the fields of `allow`", { allow = { "title" }, required = { "ends" } })
      refused('input: mode: expected "create" or "update", got "insert"', { allow = { "title" }, mode = "insert" })
      refused("input: unknown option `allows`; did you mean `allow`?", { allow = { "title" }, allows = {} })
      refused("input: depth: expected an integer from 1 to 100, got 0", { allow = { "title" }, depth = 0 })
      wrong("input is a method: call it with a colon, as in db.user:input(form, ...)",
        function() db.book.input({}, { allow = {} }, { allow = {} }) end)
      local cycle = {}
      cycle.tags, cycle.books = cycle, cycle
      assert.truthy(support.fails("VALIDATION", function() db.book:input({}, { allow = cycle }) end))
    end)

    it("adds to what is required", function()
      assert.same({ starts = "required", tags = "required" },
        (codes(db.book, { title = "One", starts = "" },
          { allow = { "title", "starts", tags = { "name" } }, required = { "starts", "tags" } })))
      assert.same({ title = "required", starts = "required" },
        (codes(db.book, {}, { allow = { "title", "starts" }, required = { starts = true } })))
    end)

    it("takes files", function()
      local body = table.concat({ "--x", 'Content-Disposition: form-data; name="photo"; filename="a.png"', "Content-Type: image/png", "",
        "\0\1\255", "--x--", "" }, "\r\n")
      local form = rille.form(body, "multipart/form-data; boundary=x")
      local input = db.author:input(form, { allow = { "photo" }, mode = "update" })
      assert.equal("\0\1\255", input.photo)
      assert.same({ name = "not_text" }, (codes(db.author, { name = form.photo }, { allow = { "name" }, mode = "update" })))
    end)

    it("is the same in coroutines, where its functions may wait", function()
      local client = support.connect(url, schema, { wait = support.hook() })
      support.run(function()
        local input = client.author:input({ email = "a@b.co", name = "Ada", born = "2026-07-01T12:00" }, {
          allow = { "email", "name", "born" },
          zone = function() return client.author:count() == 0 and "+02:00" or "Z" end,
          check = function(input, fault) if client.author:exists { where = { email = input.email } } then fault("email", "is taken", "taken") end end,
        })
        assert.equal("2026-07-01T10:00:00.000Z", client.author:create { data = input }.born)
        local _, errors = client.author:input({ email = "a@b.co", name = "Ada" }, {
          allow = { "email", "name" },
          check = function(data, fault) if client.author:exists { where = { email = data.email } } then fault("email", "is taken", "taken") end end,
        })
        assert.equal("is taken", errors.email)
      end)
    end)

    it("works in actions", function()
      if not db.action then return end
      local act = db:action { input = { model = "book", allow = { "title" } }, run = function(_, input) return input.title end }
      assert.equal("One", act { title = " One " }.value)
      local answer = act { title = "a" }
      assert.same({ 422, "INPUT", "must be at least 3 characters long" }, { answer.status, answer.code, answer.errors.title })
    end)
  end)
end)
