--- Files of the commands: reading, writing, folders, quoting for the shell.
local tools = require("rille").tools
local config, errors = tools.config, tools.errors

local files = {}

--- Returns whether a file or folder exists.
files.exists = config.exists

--- Returns the text of a file, or nil if it cannot be read.
---@param path string
---@return string|nil
function files.read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" -- a folder can be opened, but not read
  if file then file:close() end
  return text
end

--- Returns the text of a file that must exist. Errors: VALIDATION.
function files.must_read(path, what)
  local text = files.read(path)
  if not text then errors.raise("VALIDATION", "%s: the file `%s` does not exist or cannot be read", what, path) end
  return text
end

--- Quotes a string for the shell.
function files.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- Runs a shell command; returns whether it succeeded, and its status.
function files.shell(command)
  local ok, _, status = os.execute(command)
  if type(ok) == "number" then return ok == 0, ok > 255 and math.floor(ok / 256) or ok end
  return ok == true, status
end

--- Creates the folder of a path if it does not exist.
function files.make_room(path)
  local folder = path:match "^(.*)/[^/]*$"
  if folder and folder ~= "" and not files.exists(folder) then files.shell("mkdir -p -- " .. files.quote(folder)) end
end

--- Writes a file, and creates its folder. Errors: VALIDATION.
function files.write(path, text)
  files.make_room(path)
  local file, why = io.open(path, "wb")
  if not file then errors.raise("VALIDATION", "`%s` cannot be written: %s", path, tostring(why)) end
  local ok, fault = file:write(text)
  if ok then ok, fault = file:close() else file:close() end
  if not ok then errors.raise("VALIDATION", "`%s` cannot be written: %s", path, tostring(fault)) end
end

--- The same for a file with a password: only its owner may read a new file.
function files.write_private(path, text)
  files.make_room(path)
  local made, why = tools.make_private(path)
  if not made then errors.raise("VALIDATION", "`%s` cannot be written: %s", path, why) end
  files.write(path, text)
end

--- Returns whether it is a folder, or a link to one.
function files.is_folder(path) return files.shell("test -d " .. files.quote(path)) end

--- Returns the names in a folder, sorted.
function files.names(folder)
  local pipe = io.popen("LC_ALL=C ls -A -- " .. files.quote(folder) .. " 2>/dev/null")
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

--- Returns the folder of a path, "." if it has none.
function files.folder_of(path) return path:match "^(.+)/[^/]*$" or "." end

return files
