using Xenolith.Kernel;

namespace Xenolith.Drivers;

/// <summary>Finds the screen that the firmware or the boot loader left in a usable state.</summary>
public static class Display
{
    /// <summary>
    /// The loader's framebuffer; when it named none, a VGA's text of 80x25, which a PC's BIOS leaves on. Null: there is neither, and
    /// <paramref name="error"/> says why.
    /// </summary>
    public static ConsoleDevice? TryOpen(BootInformation information, AddressSpace space, Log log, out string error)
    {
        error = information.FramebufferError;
        if (error.Length != 0)
        {
            return null;
        }

        if (information.Framebuffer is { IsText: false } screen)
        {
            if (screen.Width >= Font.Width && screen.Height >= Font.Height)
            {
                log.Info($"screen: {screen.Width / Font.Width}x{screen.Height / Font.Height} characters on {screen.Width}x{screen.Height} pixels");
                return new FramebufferScreen(screen, space);
            }

            error = "the framebuffer has no room for a character";
            return null;
        }

        if (information.Framebuffer is null && information.IsEfi)
        {
            error = "the boot loader gave no framebuffer; in GRUB, insmod all_video";
            return null;
        }

        if (VgaTextScreen.TryHideCursor())
        {
            var text = new VgaTextScreen(information.Framebuffer ?? Framebuffer.VgaText(), space);
            log.Info($"screen: {text.Columns}x{text.Rows} characters, VGA text");
            return text;
        }

        error = "no VGA answers";
        return null;
    }
}
