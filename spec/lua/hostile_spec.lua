-- Input that nobody means well with: texts as long as a call takes, names nobody wrote, bytes that end a C string.
local support = require "support"

support.each_engine(function(engine)
  it("keeps apart calls of one shape whose lists differ in length", function()
    local db = support.open(engine, "model T {\n id Int @id\n name String?\n age Int?\n}")
    db.t:create_many { data = { { id = 1, name = "a", age = 1 }, { id = 2, name = "b", age = 2 }, { id = 3, name = "c", age = 3 } } }
    local function count(names, key)
      local any = {}
      for i, name in ipairs(names) do any[i] = { name = name } end
      return db.t:count { where = { AND = { { [key] = any }, { id = { in_ = { 1, 2 } } }, { age = { in_ = { 1, 2, 3 } } } } } }
    end
    local long = ("x"):rep(100000)
    assert.equal(1, count({ "a", "a" }, "OR"))
    assert.equal(1, count({ "a", long, long, long }, "OR"))
    assert.equal(2, count({ "a", long, "b", "c", long }, "OR"))
    assert.equal(1, count({ "a", "c" }, "NOT"))
    assert.equal(1, count({ "b", long, long, long }, "NOT"))
    assert.equal(0, count({ "a", "b", long }, "NOT"))
  end)
end)
